"""Private names on the device: short, the same in every module, and nothing else is touched."""

from meterkast.firmware.names import shortened

SOURCE = '''"""A _module_ of _words."""
_LIMIT = 3


class Thing:
    """It has a __dict__."""

    def __init__(self, _name):
        self._limit = _LIMIT
        self.text = "_LIMIT {_name}"
'''


def test_private_names_are_short() -> None:
    """Each private name becomes the next letter; strings, public and double-underscored names stay, and so do lines."""
    short = shortened(SOURCE)
    found: dict[str, object] = {}
    exec(short, found)
    thing = found["Thing"](5)  # type: ignore[operator]
    assert vars(thing) == {"_c": 3, "text": "_LIMIT {_name}"}
    assert found["_a"] == 3
    assert found["__doc__"] == "A _module_ of _words."
    assert len(short.splitlines()) == len(SOURCE.splitlines())


def test_many_names() -> None:
    """After the letters of the alphabet come pairs of them, each once."""
    names = [f"_name{number}" for number in range(60)]
    short = shortened("\n".join(f"{name} = 1" for name in names) + "\n").split("=")
    assert len({text.split()[-1] for text in short[:-1]}) == 60
    assert short[52].split()[-1] == "_aa"
