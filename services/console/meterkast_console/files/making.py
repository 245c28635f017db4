"""The bytes of a file, from the API's answer onto the disk."""

import asyncio
import json
import zlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from io import BufferedWriter
from pathlib import Path
from typing import Any, Protocol

from meterkast_console.files.leaf import Form, Leaf
from meterkast_console.files.ring import ring_file
from meterkast_console.rest import Query

GZIP = 31
"""zlib's window and its sign for a gzip header, which then holds no time: the same bytes each time."""
AT_ONCE = 256 << 10


class Asked(Protocol):
    """The API as files need it."""

    async def json(self, path: str, query: Query | None = None) -> Any:
        """What a GET answers, decimals exact; raises ApiError."""

    def download(self, path: str, query: Query | None = None) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The answer to a GET piece by piece; raises ApiError, also in the middle."""


async def make(api: Asked, leaf: Leaf, target: Path) -> None:
    """Write the file; raises ApiError, and then what is there is to be thrown away."""
    async with api.download(leaf.address, leaf.question.query) as answer:
        if leaf.form in (Form.AS_IT_IS, Form.GZIP):
            with target.open("wb") as file:
                await _written(answer, file, packed=leaf.form is Form.GZIP)
            return
        body = json.loads(b"".join([piece async for piece in answer]), parse_float=Decimal)
    await asyncio.to_thread(lambda: target.write_bytes(ring_file(leaf.form, body, leaf.changed)))


async def _written(answer: AsyncIterator[bytes], file: BufferedWriter, *, packed: bool) -> None:
    packer = zlib.compressobj(wbits=GZIP) if packed else None
    waiting = bytearray()

    def write(data: bytes) -> None:
        file.write(data if packer is None else packer.compress(data))

    async for piece in answer:
        waiting += piece
        if len(waiting) >= AT_ONCE:
            data, waiting = bytes(waiting), bytearray()
            await asyncio.to_thread(write, data)
    await asyncio.to_thread(write, bytes(waiting))
    if packer is not None:
        file.write(packer.flush())
