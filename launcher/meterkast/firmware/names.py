"""Private names of the device's code, made short: the device keeps every name that it has ever seen."""

import io
import string
import tokenize
from itertools import chain, product

_LETTERS = string.ascii_letters


def shortened(source: str) -> str:
    """The source with its private names as `_a`, `_b`…, the same in all modules; lines stay where they are."""
    short = (f"_{''.join(letters)}" for letters in chain(product(_LETTERS), product(_LETTERS, repeat=2)))
    names: dict[str, str] = {}
    tokens = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        text = token.string
        if token.type == tokenize.NAME and text.strip("_") and text[0] == "_" != text[1]:
            text = names.get(text) or names.setdefault(text, next(short))
        tokens.append((token.type, text))
    return tokenize.untokenize(tokens)
