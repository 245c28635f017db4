"""Names: the portal's DNS server that knows one answer, and the gateway's own name in the network."""

import random
import socket
from collections.abc import Iterator
from pathlib import Path

import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import pytest

from tests.brokers import free_port
from tests.firmware.portal_device import Device, running


@pytest.fixture
def device(portal: Device) -> Device:
    """Give a device on its first start."""
    return portal


def ask(device: Device, query: dns.message.Message) -> dns.message.Message:
    """What the portal's DNS server answers to a query, checked as resolvers check it."""
    return dns.query.udp(query, "127.0.0.1", timeout=5, port=device.dns)


@pytest.mark.parametrize(
    "name",
    ["connectivitycheck.gstatic.com", "x", "cApTiVe.ApPlE.cOm", ".".join(["a" * 61] * 4), "_dns.resolver.arpa"],
)
def test_every_name_is_at_the_portal(device: Device, name: str) -> None:
    """Any name's address is the portal's, for seconds only, with the question as it was asked."""
    query = dns.message.make_query(name, "A")
    answer = ask(device, query)
    assert answer.question == query.question
    assert answer.question[0].name.to_text() == query.question[0].name.to_text()
    assert [(found.ttl <= 60, [record.to_text() for record in found]) for found in answer.answer] == [
        (True, ["127.0.0.1"])
    ]
    assert answer.flags & (dns.flags.QR | dns.flags.AA | dns.flags.RD) == dns.flags.QR | dns.flags.AA | dns.flags.RD


@pytest.mark.parametrize("kind", ["AAAA", "HTTPS", "SVCB", "TXT", "MX", "SOA", "PTR"])
def test_other_types_are_empty(device: Device, kind: str) -> None:
    """Names have no records of other types, IPv6 above all; that is an answer, not a failure."""
    answer = ask(device, dns.message.make_query("example.com", kind))
    assert (answer.rcode(), answer.answer, answer.authority) == (dns.rcode.NOERROR, [], [])


def test_resolvers_of_phones(device: Device) -> None:
    """Queries with EDNS, DNSSEC wishes or a cookie are answered like plain ones."""
    for options in ({"use_edns": 0, "payload": 4096}, {"use_edns": 0, "want_dnssec": True}, {"flags": 0}):
        answer = ask(device, dns.message.make_query("example.com", "A", **options))  # type: ignore[arg-type]
        assert answer.answer[0][0].to_text() == "127.0.0.1"
    assert ask(device, dns.message.make_query("example.com", "ANY")).answer[0][0].to_text() == "127.0.0.1"


def sound() -> bytes:
    """A query as bytes."""
    return dns.message.make_query("example.com", "A", id=7).to_wire()


MALFORMED = {
    "empty": b"",
    "short": sound()[:11],
    "no end of the name": sound()[:-5],
    "no type": sound()[:-4],
    "half a class": sound()[:-1],
    "an answer": sound()[:2] + b"\x81\x80" + sound()[4:],
    "another opcode": sound()[:2] + b"\x29\x00" + sound()[4:],
    "no question": sound()[:4] + b"\0\0" + sound()[6:],
    "two questions": sound()[:4] + b"\0\2" + sound()[6:],
    "a pointer to itself": sound()[:12] + b"\xc0\x0c\0\1\0\1",
    "an endless label": sound()[:12] + b"\x3f" + b"a" * 40,
    "a name of 400 letters": sound()[:12] + (b"\x31" + b"a" * 49) * 8 + b"\0\0\1\0\1",
}


def test_malformed_packets_are_ignored(device: Device) -> None:
    """What is no query gets no answer at all, nor does noise, and the next query is answered."""
    noise = random.Random(6)
    packets = [*MALFORMED.values(), *(noise.randbytes(noise.randrange(1, 700)) for _ in range(300))]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        for packet in packets:
            if len(packet) > 2 and packet[2] & 0xF8 == 0 and packet not in MALFORMED.values():
                continue  # by chance a query
            sock.sendto(packet, ("127.0.0.1", device.dns))
            if packet in MALFORMED.values() or packets.index(packet) % 20 == 0:
                sock.sendto(sound(), ("127.0.0.1", device.dns))
                assert dns.message.from_wire(sock.recv(600)).id == 7
    assert ask(device, dns.message.make_query("example.com", "A")).answer


class TestOwnName:
    """A gateway in a network, asked for ESP01-DSMR-3F.local."""

    @pytest.fixture
    def group(self) -> Iterator[socket.socket]:
        """Give what hears all that is said to the group."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind(("127.0.0.1", free_port()))
            sock.settimeout(5)
            yield sock

    @pytest.fixture
    def gateway(self, portal_root: Path, tmp_path: Path, group: socket.socket) -> Iterator[Device]:
        """Give a gateway in its network."""
        made = Device(
            root=portal_root,
            folder=tmp_path,
            air={"networks": [{"ssid": "home"}]},
            settings={"wifi": {"ssid": "home", "password": ""}},
            driver="live",
            more=(group.getsockname()[1],),
        )
        with running(made) as device:
            yield device

    def test_it_says_where_it_is(self, gateway: Device, group: socket.socket) -> None:
        """It announces its address unasked, with no IPv6 beside it, and answers whoever asks for its name."""
        announced = group.recv(600)
        told = dns.message.from_wire(announced.replace(b"\x80\x01\0\0\0\x78", b"\0\x01\0\0\0\x78"))  # cache-flush
        assert told.flags == dns.flags.QR | dns.flags.AA
        assert told.answer[0].name == dns.name.from_text("ESP01-DSMR-3F.local.")
        assert (told.answer[0].ttl, told.answer[0][0].to_text()) == (120, "127.0.0.1")
        assert told.additional[0].rdtype == dns.rdatatype.NSEC
        assert told.additional[0][0].to_text() == "ESP01-DSMR-3F.local. A"
        for query in self.questions():
            group.sendto(query, ("127.0.0.1", gateway.dns))
            assert group.recv(600) == announced

    def test_it_is_silent_on_other_names(self, gateway: Device, group: socket.socket) -> None:
        """Questions for others, answers and noise are passed over."""
        announced = group.recv(600)
        noise = random.Random(6)
        wrong = [
            dns.message.make_query("ESP01-DSMR-3E.local", "A").to_wire(),
            dns.message.make_query("ESP01-DSMR-3F.local.arpa", "A").to_wire(),
            announced,
            *(packet for packet in MALFORMED.values() if packet),
            *(noise.randbytes(200) for _ in range(50)),
        ]
        for packet in wrong:
            group.sendto(packet, ("127.0.0.1", gateway.dns))
        group.sendto(next(iter(self.questions())), ("127.0.0.1", gateway.dns))
        assert group.recv(600) == announced
        group.settimeout(0.2)
        with pytest.raises(TimeoutError):
            group.recv(600)

    @staticmethod
    def questions() -> Iterator[bytes]:
        """As resolvers ask: for one type, in any case, for several at once, and for what is not there."""
        for kind in ("A", "AAAA", "ANY", "TXT"):
            yield dns.message.make_query("esp01-dsmr-3F.LOCAL", kind, flags=0).to_wire()
        name = b"\x0desp01-dsmr-3f\x05local\0"
        yield b"\0\0\0\0\0\2\0\0\0\0\0\0" + b"\3ipp\4_tcp\5local\0\0\x0c\0\1" + name + b"\0\1\x80\1"
        yield b"\0\0\0\0\0\2\0\0\0\0\0\0" + name + b"\0\x10\0\1" + b"\xc0\x0c\0\1\x80\1"
