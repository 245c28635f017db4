"""Which gateways a writer writes, where several writers share them."""

from dataclasses import dataclass
from typing import Self
from zlib import crc32


@dataclass(frozen=True, slots=True)
class Share:
    """One of so many writers: it has the gateways whose CRC-32 modulo that number is its own number less one."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `1/2`; raises ValueError saying what is wrong."""
        number, slash, of = text.partition("/")
        if not (slash and number.isascii() and number.isdigit() and of.isascii() and of.isdigit()):
            raise ValueError("write which writer this is, of how many: 1/2")
        if not 1 <= int(number) <= int(of):
            raise ValueError(f"writers are numbered from 1 to {int(of)}")
        return cls(int(number), int(of))

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def has(self, gateway: str) -> bool:
        """Whether the gateway is this writer's."""
        return crc32(gateway.encode()) % self.of == self.number - 1
