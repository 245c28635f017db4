import time
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meterkast_reader.crc import Checksum, check
from meterkast_reader.framing import LIMIT, Discarded, Event, Frame, Framer, Reason

from tests.collection import BROKEN, FOLDER, each, manifest
from tests.reader.telegrams import (
    BLANK_BEFORE_END,
    CIPHERED,
    D0,
    HIGH_BYTES,
    NO_BAUD_DIGIT,
    WHOLE,
    WITH_CRC,
    WITHOUT_CRC,
    with_parity,
)


def framed(*chunks: bytes) -> list[Event]:
    framer = Framer()
    events = [event for chunk in chunks for event in framer.feed(chunk)]
    return events + framer.close()


def frames(*chunks: bytes) -> list[bytes]:
    return [event.data for event in framed(*chunks) if isinstance(event, Frame)]


def discards(*chunks: bytes) -> list[tuple[Reason, int, int]]:
    return [(e.reason, e.position, e.length) for e in framed(*chunks) if isinstance(e, Discarded)]


@pytest.mark.parametrize("telegram", [*WHOLE, CIPHERED])
def test_a_telegram_is_given_as_it_was_on_the_wire(telegram: bytes) -> None:
    """Whatever its shape, a telegram comes out byte for byte and nothing else does."""
    assert framed(telegram) == [Frame(telegram, 0, ciphered=telegram is CIPHERED)]


@pytest.mark.parametrize("telegram", [*WHOLE, CIPHERED])
def test_line_feed_alone_ends_lines_too(telegram: bytes) -> None:
    """Telegrams stored with bare line feeds are framed as well."""
    stored = telegram if telegram is CIPHERED else telegram.replace(b"\r\n", b"\n")
    assert frames(stored, stored) == [stored, stored]


def test_position_and_reason_of_what_is_discarded() -> None:
    """What lies around telegrams is reported with its offset, length and first bytes."""
    stream = b"0.7(x)\r\n" + WITH_CRC + b"\r\n" + WITH_CRC[:30]
    first, telegram, blank, cut = framed(stream)
    assert first == Discarded(Reason.NOISE, 0, 8, b"0.7(x)\r\n")
    assert telegram == Frame(WITH_CRC, 8)
    assert blank == Discarded(Reason.BLANK, 8 + len(WITH_CRC), 2, b"\r\n")
    assert cut == Discarded(Reason.TRUNCATED, 10 + len(WITH_CRC), 30, WITH_CRC[:30])


def test_header_glued_to_a_fragment_begins_a_telegram() -> None:
    """A telegram may begin in mid-line, behind the rest of one whose beginning was missed."""
    assert frames(b"5210000)(00)(60)(1)(0-1:24." + WITHOUT_CRC) == [WITHOUT_CRC]


@pytest.mark.parametrize("cut", [20, 60, 61, 100])
def test_cut_telegram_gives_way_to_the_next(cut: int) -> None:
    """A telegram that breaks off, at a line's end or within it, is dropped and the next is whole."""
    assert frames(WITH_CRC[:cut], WITH_CRC) == [WITH_CRC]
    assert frames(WITH_CRC[:cut], b"\r\n", WITHOUT_CRC) == [WITHOUT_CRC]
    assert discards(WITH_CRC[:cut], WITH_CRC) == [(Reason.TRUNCATED, 0, cut)]


def test_header_behind_an_end_without_line_end() -> None:
    """The line end after `!CRC` may be lost: both telegrams are given."""
    assert frames(WITH_CRC[:-2], WITHOUT_CRC) == [WITH_CRC[:-2], WITHOUT_CRC]


def test_lookalikes_are_no_beginning() -> None:
    """Neither `//`, nor the standard's `/ X X X 5`, nor a path in a text line's parentheses begins a telegram."""
    telegram = WITH_CRC.replace(b"0-0:96.13.0()", b"0-0:96.13.0(see /abc5/def5) // / X X X 5 /kW")
    assert frames(b"// / X X X 5 header (x)\r\n" + telegram) == [telegram]


def test_end_marks_in_noise_and_in_damaged_lines_end_nothing() -> None:
    """A `!` outside a telegram is noise, and one that begins a damaged line of values does not end the telegram."""
    damaged = WITH_CRC.replace(b"\r\n1-0:1.7.0", b"\r\n!-0:1.7.0")
    assert frames(b"!\r\n!1234\r\n", damaged, b"!\r\n", WITHOUT_CRC) == [damaged, WITHOUT_CRC]


def test_lines_after_the_end_belong_to_no_telegram() -> None:
    """German D0 meters send further lines after `!`: they are discarded, the next telegram is not."""
    whole = D0[: D0.index(b"!") + 3]
    assert frames(D0, D0) == [whole, whole]


def test_idle_line_ends_a_telegram_whose_end_mark_has_come() -> None:
    """Where a meter sends no line end after `!`, a pause gives the telegram; a pause elsewhere changes nothing."""
    framer = Framer()
    assert framer.feed(WITHOUT_CRC[:40]) == framer.flush() == []
    assert framer.feed(WITHOUT_CRC[40:-2]) == []
    assert framer.flush() == [Frame(WITHOUT_CRC[:-2], 0)]
    assert framer.feed(WITHOUT_CRC) == [Frame(WITHOUT_CRC, len(WITHOUT_CRC) - 2)]


def test_interleaved_telegrams_spoil_only_each_other() -> None:
    """Two telegrams mixed line by line give one that its CRC refuses, and the next is whole."""
    pairs = zip(WITH_CRC.split(b"\n"), HIGH_BYTES.split(b"\n"), strict=False)
    lines = [line + b"\n" for pair in pairs for line in pair]
    first, *rest = frames(*lines, WITH_CRC)
    assert check(first) is Checksum.BAD
    assert rest[-1] == WITH_CRC


def test_seven_bits_with_parity_are_recognised_and_masked() -> None:
    """A 7E1 line read as 8N1 carries parity in bit 7: the telegram comes out without it."""
    stream = with_parity(WITHOUT_CRC)
    assert framed(b"\x00\xff", stream, WITH_CRC, stream) == [
        Discarded(Reason.NOISE, 0, 2, b"\x00\xff"),
        Frame(WITHOUT_CRC, 2, seven_bit=True),
        Frame(WITH_CRC, 2 + len(stream)),
        Frame(WITHOUT_CRC, 2 + len(stream) + len(WITH_CRC), seven_bit=True),
    ]


def test_parity_error_spoils_the_telegram() -> None:
    """Old meters have no CRC; a byte whose parity is wrong shows the damage, so the telegram is discarded."""
    damaged = bytearray(with_parity(WITHOUT_CRC))
    damaged[60] ^= 0x04
    assert frames(bytes(damaged), with_parity(WITHOUT_CRC)) == [WITHOUT_CRC]
    assert discards(bytes(damaged)) == [(Reason.PARITY, 0, len(damaged))]


def test_ciphered_frame_that_lost_bytes_does_not_swallow_the_next() -> None:
    """A ciphered frame carries its length; when bytes are missing, the meter's title shows where the next begins."""
    assert frames(CIPHERED[:100], CIPHERED[150:], CIPHERED, CIPHERED) == [CIPHERED, CIPHERED]
    assert discards(CIPHERED[:-1]) == [(Reason.TRUNCATED, 0, len(CIPHERED) - 1)]


def test_bytes_that_only_begin_like_a_ciphered_frame_are_noise() -> None:
    """`DB 08` without a plausible length is noise and hides nothing."""
    assert (
        frames(b"\xdb\x08", WITH_CRC, b"\xdb", WITH_CRC, b"\xdb\x08MKT56789\x82\xff\xff\x30", WITH_CRC)
        == [WITH_CRC] * 3
    )


def test_too_long_telegram_is_dropped_within_bounds() -> None:
    """100 KB without an end are dropped, and the telegram behind them is given."""
    long = WITH_CRC[:100] + b"1-0:1.7.0(00.424*kW)\r\n" * 5000 + b"!ABCD\r\n"
    assert frames(long, WITH_CRC) == [WITH_CRC]
    assert discards(long, WITH_CRC)[0][0] is Reason.TOO_LONG


@pytest.mark.parametrize(
    "filler", [b"\x00", b"\xff", b"/", b"!", b"a", b"\n", b"/ABC5", b"\xdb\x08", b"\xaf", b"!\n", b"/ABC\n"]
)
@pytest.mark.parametrize(("size", "chunk"), [(1 << 18, 1000), (1 << 20, 1 << 20)])
def test_megabyte_of_anything_is_bounded_in_memory_and_hides_nothing(filler: bytes, size: int, chunk: int) -> None:
    """1 MB at once, or 256 KB in pieces, of any one thing holds no more than 24 KB and hides no telegram."""
    framer = Framer()
    stream = filler * (size // len(filler))
    for start in range(0, len(stream), chunk):
        framer.feed(stream[start : start + chunk])
        assert framer.held <= LIMIT + 8192
    assert [e.data for e in framer.feed(WITH_CRC) if isinstance(e, Frame)][-1:] == [WITH_CRC]


def test_byte_by_byte_takes_linear_time() -> None:
    """A line of 16 KB in single bytes costs about eight times one of 2 KB, not 64 times."""

    def spent(size: int) -> float:
        framer = Framer()
        started = time.process_time()
        for _ in range(LIMIT // size * 4):
            for byte in WITH_CRC[:30] + b"x" * size + b"\n!\n":
                framer.feed(bytes((byte,)))
        return time.process_time() - started

    assert min(spent(LIMIT - 200) for _ in range(3)) < 5 * min(spent(2000) for _ in range(3))


def chunked(stream: bytes, cuts: list[int]) -> Iterator[bytes]:
    edges = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    return (stream[a:b] for a, b in pairwise(edges))


ANYTHING = st.one_of(
    st.binary(max_size=200),
    st.text("/!()ABCabc50-:. \r\n", max_size=80).map(str.encode),
    st.sampled_from(
        [WITH_CRC[:70], WITH_CRC[70:], CIPHERED[:60], D0, b"/", b"/ABC", b"!", b"!12", b"\xdb", b"\xdb\x08"]
    ),
)
TELEGRAM = st.sampled_from([WITH_CRC, WITHOUT_CRC, HIGH_BYTES, BLANK_BEFORE_END])


@settings(deadline=None)
@given(st.lists(st.one_of(ANYTHING, TELEGRAM, st.just(CIPHERED)), max_size=8).map(b"".join), st.lists(st.integers(0)))
def test_chunking_changes_nothing(stream: bytes, cuts: list[int]) -> None:
    """However the stream is cut into chunks, the same telegrams come out and every byte is accounted for once."""
    whole = framed(stream)
    assert framed(*chunked(stream, cuts)) == whole
    assert framed(*(bytes((byte,)) for byte in stream)) == whole
    covered = [(event.position, len(event.data) if isinstance(event, Frame) else event.length) for event in whole]
    assert [position for position, _ in covered] == [sum(n for _, n in covered[:i]) for i in range(len(covered))]
    assert sum(length for _, length in covered) == len(stream)


@settings(deadline=None)
@given(st.lists(st.tuples(ANYTHING, TELEGRAM), min_size=1, max_size=5))
def test_nothing_between_telegrams_spoils_them(pairs: list[tuple[bytes, bytes]]) -> None:
    """Whatever comes between whole telegrams, each of them is given."""
    given_telegrams = iter(frames(b"".join(noise + telegram for noise, telegram in pairs)))
    assert all(any(telegram == found for found in given_telegrams) for _, telegram in pairs)


@settings(deadline=None)
@given(st.lists(st.one_of(ANYTHING, TELEGRAM), max_size=8), st.integers(0), st.integers(0, 255))
def test_any_damage_leaves_the_next_telegram_alone(parts: list[bytes], at: int, byte: int) -> None:
    """One byte changed anywhere costs at most the telegram it is in."""
    stream = bytearray(b"".join(parts) + WITH_CRC)
    stream[at % len(stream)] = byte
    assert frames(bytes(stream), NO_BAUD_DIGIT, WITH_CRC)[-1] == WITH_CRC


GOOD_IN_BROKEN = {
    "modelled_7e1_parity_bit_set.bin": 2,
    "leading_fragment_no_newline_gejanssen.txt": 1,
    "blank_lines_inserted_hansij66.txt": 1,
    "cut_in_unit_then_good_dsmrreader.txt": 1,
    "hdr_0x02_python_escape_ndokter.txt": 1,
    "modelled_header_lost_bitflip_then_good.txt": 1,
    "modelled_hu_high_bytes_in_numbers.bin": 1,
    "stream_starts_and_ends_midway_nielsbasjes.txt": 2,
    "trailing_EOF_marker_hansij66.txt": 1,
    "truncated_then_new_header_nielsbasjes.txt": 1,
}


@each("row", manifest())
def test_real_telegrams_come_out_whole(row: dict[str, str]) -> None:
    """Every collected telegram of every make is one frame, and its checksum stands as the collection says."""
    data = (FOLDER / row["file"]).read_bytes()
    (frame,) = frames(data)
    assert frame == (data if row["family"] != "de-d0" else data[: data.index(b"!") + 3])
    assert (check(frame) is Checksum.GOOD) == (row["crc_ok"] == "yes")


@each("row", manifest(BROKEN))
def test_really_damaged_streams_give_their_good_telegrams(row: dict[str, str]) -> None:
    """Each collected piece of damage gives as many good telegrams as the collection says."""
    found = frames((BROKEN / row["file"]).read_bytes())
    good = [frame for frame in found if check(frame) is not Checksum.BAD]
    assert len(good) == GOOD_IN_BROKEN.get(row["file"], 0)
