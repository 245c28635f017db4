"""Names on the device: private ones and arguments are short, the same in every module, and nothing else is touched."""

import ast
from pathlib import Path

from meterkast.firmware.names import by_place, shortened

FIRMWARE = Path(__file__).parents[2] / "firmware"

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


ARGUMENTS = """_LIMIT = const(3)


def outer(first, second, given=2):
    inner = lambda first, third: (first, second, third, given)
    return inner(second, third=0 * first) if first else {"first": first}, _LIMIT, _kept(first=1)


def _kept(**named):
    return named
"""


def test_arguments_are_short() -> None:
    """Arguments without a default become letters, and only they: keywords, strings and constants stay."""
    short = shortened(ARGUMENTS)
    names = {it.id for it in ast.walk(ast.parse(short)) if isinstance(it, ast.Name)}
    assert not names & {"first", "second", "third"}
    assert {"_LIMIT", "given"} <= names
    found: dict[str, object] = {"const": int}
    exec(short, found)
    assert found["outer"](0, 5) == ({"first": 0}, 3, {"first": 1})  # type: ignore[operator]


def test_functions_have_the_same_letters() -> None:
    """A function begins with the first letter that nothing in it has, one inside another goes on."""
    short = shortened("def one(size):\n    return lambda more: more + size\ndef two(_in, out):\n    return _in + out\n")
    one, two = (it for it in ast.parse(short).body if isinstance(it, ast.FunctionDef))
    assert ast.unparse(one) == "def one(_a):\n    return lambda _b: _b + _a"
    assert ast.unparse(two) == "def two(_a, _b):\n    return _a + _b"


def test_nobody_names_such_an_argument() -> None:
    """No call in the device's code gives an argument without a default by its name."""
    nodes = [it for path in FIRMWARE.glob("[as][pe]*/*.py") for it in ast.walk(ast.parse(path.read_text()))]
    short: dict[str, set[str]] = {}
    for it in nodes:
        if isinstance(it, ast.FunctionDef):
            short.setdefault(it.name, set()).update(by_place(it))
    called = [(getattr(it.func, "attr", getattr(it.func, "id", "")), it) for it in nodes if isinstance(it, ast.Call)]
    assert "carry_out" in {name for name, _ in called} & set(short)
    assert [(name, it.arg) for name, call in called for it in call.keywords if it.arg in short.get(name, ())] == []
