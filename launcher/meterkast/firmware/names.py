"""Names of the device's code, made short: the device keeps every name that it has ever seen."""

import ast
import io
import string
import tokenize
from collections.abc import Iterator
from itertools import chain, product


def shortened(source: str) -> str:
    """The source with `_a`, `_b`… for private names and for arguments without a default; lines stay where they are.

    All modules and functions have the same letters. Nobody may give such an argument by its name. Private constants
    stay: their numbers take their place.
    """
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    module = ast.parse(source)
    constants = set(_constants(module))
    names = dict.fromkeys(it.string for it in tokens if it.type == tokenize.NAME and _is_private(it.string))
    private = dict(zip((it for it in names if it not in constants), _letters(), strict=False))
    arguments = _arguments(module, private)
    return tokenize.untokenize(
        (it.type, arguments.get(_place(it)) or private.get(it.string, it.string)) for it in tokens
    )


def by_place(function: ast.FunctionDef | ast.Lambda) -> set[str]:
    """Its public arguments without a default, but for `self`, a name that the device has anyway."""
    positional = [*function.args.posonlyargs, *function.args.args]
    names = {it.arg for it in positional[: len(positional) - len(function.args.defaults)]} - {"self"}
    return {name for name in names if not _is_private(name)}


def _constants(module: ast.Module) -> Iterator[str]:
    """Private names that are `const()`, which mpy-cross replaces wherever they stand."""
    for statement in module.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id="const"))):
                if _is_private(name):
                    yield name


def _arguments(module: ast.Module, private: dict[str, str]) -> dict[tuple[int, int], str]:
    """Line and column, in bytes, of each such argument and its uses, and a letter that nothing in its function has."""
    found: dict[tuple[int, int], str] = {}
    for function in ast.walk(module):  # those outside before those in them
        if not isinstance(function, ast.FunctionDef | ast.Lambda):
            continue
        named = list(_named(function))
        taken = {private.get(name) or found.get(place) for place, name in named}
        free = (it for it in _letters() if it not in taken)
        letters = dict(zip(sorted(by_place(function)), free, strict=False))
        found |= {place: letters[name] for place, name in named if name in letters}
    return found


def _named(function: ast.FunctionDef | ast.Lambda) -> Iterator[tuple[tuple[int, int], str]]:
    """Its arguments and all that its body names, each with its place."""
    body = function.body if isinstance(function.body, list) else [function.body]
    for node in chain(function.args.posonlyargs, function.args.args, *map(ast.walk, body)):
        match node:
            case ast.Name(id=name) | ast.arg(arg=name):
                yield (node.lineno, node.col_offset), name


def _letters() -> Iterator[str]:
    for letters in chain(product(string.ascii_letters), product(string.ascii_letters, repeat=2)):
        yield f"_{''.join(letters)}"


def _is_private(name: str) -> bool:
    return bool(name.strip("_")) and name[0] == "_" != name[1]


def _place(token: tokenize.TokenInfo) -> tuple[int, int]:
    line, column = token.start
    return line, len(token.line[:column].encode())
