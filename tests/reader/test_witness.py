from pathlib import Path

from meterkast_reader.witness import Witness


def test_only_an_older_message_contradicts(tmp_path: Path) -> None:
    """The last acknowledged message and later ones are as expected; one that was replaced is not, nor is a stranger."""
    witness = Witness(tmp_path / "device")
    assert not witness.contradicted_by(b"anything")
    for payload in (b"one", b"two", b"three"):
        witness.sent(payload)
    witness.acknowledged(b"two")
    assert [witness.contradicted_by(payload) for payload in (b"one", b"two", b"three", b"four")] == [
        True, False, False, True,
    ]  # fmt: skip


def test_it_is_remembered_over_restarts(tmp_path: Path) -> None:
    """A new process knows what the broker acknowledged to the one before; without a file nothing is contradicted."""
    before = Witness(tmp_path / "device")
    before.sent(b"one")
    before.acknowledged(b"one")
    after = Witness(tmp_path / "device")
    after.recall()
    assert not after.contradicted_by(b"one")
    assert after.contradicted_by(b"zero")
    unwritable = Witness(tmp_path / "device" / "below a file")
    unwritable.recall()
    unwritable.sent(b"one")
    unwritable.acknowledged(b"one")
    assert not unwritable.contradicted_by(b"one")
