"""What the chip's MicroPython lacks, or what it does otherwise than CPython, is nowhere in its code."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

FIRMWARE = Path(__file__).parents[2] / "firmware"
SOURCES = sorted(path for folder in ("selector", "app") for path in (FIRMWARE / folder).glob("*.py"))
OWN = {path.stem for path in SOURCES}

PRESENT = frozenset({
    "array", "binascii", "builtins", "collections", "errno", "esp", "gc", "hashlib", "io", "json", "machine", "math",
    "micropython", "network", "os", "random", "re", "select", "socket", "struct", "sys", "time", "uctypes", "vfs",
})  # fmt: skip
"""Modules of ESP8266_GENERIC-FLASH_1M that the firmware may use; hmac, asyncio and umqtt are not frozen into it."""
METHODS = frozenset(
    {"partition", "rpartition", "center", "splitlines", "removeprefix", "removesuffix", "casefold", "zfill"}
)
"""Methods of str and bytes that its build leaves out."""
FUNCTIONS = {
    "binascii.crc32",
    "time.monotonic",
    "time.perf_counter",
    "os.path",
    "os.environ",
    "os.makedirs",
    "json.JSONDecodeError",
}


def walked(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node that the compiler for the chip takes: what stands under `if TYPE_CHECKING:` it leaves out."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        yield node
        yield from walked(node)


def denied(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of each thing that is not to be used."""
    for node in walked(tree):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, one.name) for one in names if one.name not in PRESENT | OWN)
            case ast.ImportFrom(module=module) if module not in PRESENT | OWN:
                yield node.lineno, f"from {module}"
            case ast.ImportFrom(module="binascii", names=names):
                yield from ((node.lineno, "crc32") for one in names if one.name == "crc32")
            case ast.Call(func=ast.Name(id="pow"), args=[_, _, _]):
                yield node.lineno, "pow of three"
            case ast.Call(func=ast.Attribute(attr=name)) if name in METHODS:
                yield node.lineno, f".{name}()"
            case ast.Attribute(value=ast.Name(id=module), attr=name) if f"{module}.{name}" in FUNCTIONS:
                yield node.lineno, f"{module}.{name}"
            case ast.JoinedStr(values=values) if any(
                isinstance(value, ast.FormattedValue) and value.conversion == ord("a") for value in values
            ):
                yield node.lineno, "!a"
            case ast.AsyncFunctionDef() | ast.Await() | ast.Match() | ast.TryStar():
                yield node.lineno, type(node).__name__


def test_there_is_something_to_look_at() -> None:
    """An empty folder would pass every rule."""
    assert {"main", "boot", "start", "gateway", "update", "portal"} <= OWN


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_nothing_that_the_chip_lacks_is_used(path: Path) -> None:
    """Only modules, methods and syntax that its interpreter has."""
    assert list(denied(ast.parse(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("import hmac", "hmac"),
        ("import asyncio", "asyncio"),
        ("from umqtt.simple import MQTTClient", "from umqtt.simple"),
        ("from typing import Any", "from typing"),
        ("pow(2, 3, 5)", "pow of three"),
        ("import binascii\nbinascii.crc32(b'')", "binascii.crc32"),
        ("from binascii import crc32", "crc32"),
        ("'a b'.partition(' ')", ".partition()"),
        ("'a'.center(3)", ".center()"),
        ("b'a'.splitlines()", ".splitlines()"),
        ("async def run(): pass", "AsyncFunctionDef"),
        ("if TYPE_CHECKING:\n    from typing import IO\nimport hmac", "hmac"),
        ("match 1:\n    case 1: pass", "Match"),
    ],
)
def test_each_denied_thing_is_found(code: str, what: str) -> None:
    """The list bites."""
    assert [name for _, name in denied(ast.parse(code))] == [what]
