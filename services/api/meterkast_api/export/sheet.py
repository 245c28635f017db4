"""A table that is too long to be held: its columns are known beforehand, its rows come page by page."""

import difflib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from operator import itemgetter
from typing import Self

from meterkast_api.problems import invalid

Cell = datetime | str | int | float | bool | None
Record = Sequence[Cell]
Pages = AsyncGenerator[list[Record], None]


class Form(Enum):
    """What the cells of a column are; an absent value is None in all of them."""

    TIME = "time"
    TEXT = "text"
    FLAG = "flag"
    EXACT = "exact"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Column:
    """One column; cells of an exact one are integers whose decimal point stands `shift` places to the left."""

    name: str
    form: Form
    shift: int = 0


@dataclass(frozen=True, slots=True)
class Sheet:
    """Columns, and the pages of rows under them."""

    columns: tuple[Column, ...]
    pages: Pages

    def only(self, names: str | None) -> Self:
        """The sheet with these columns, in this order; raise ProblemError (422) where there is no such column."""
        if names is None:
            return self
        places = {column.name: place for place, column in enumerate(self.columns)}
        wanted = list(dict.fromkeys(name.strip() for name in names.split(",") if name.strip()))
        for name in wanted:
            if name not in places:
                near = difflib.get_close_matches(name, places, n=1)
                hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(places)}"
                raise invalid("columns", f"there is no column {name!r}: {hint}")
        if not wanted:
            raise invalid("columns", f"name some of {', '.join(places)}")
        chosen = [places[name] for name in wanted]
        columns = tuple(self.columns[place] for place in chosen)
        return replace(self, columns=columns, pages=_picked(self.pages, chosen))

    async def begun(self) -> Self:
        """The sheet with its first page made, so that what can go wrong at once does so before the answer begins."""
        first: list[Record] = await anext(self.pages, [])
        return replace(self, pages=_chained(first, self.pages))


async def _picked(pages: Pages, places: Sequence[int]) -> Pages:
    pick = itemgetter(*places) if len(places) > 1 else lambda record: (record[places[0]],)
    async for page in pages:
        yield [pick(record) for record in page]


async def _chained(first: list[Record], rest: Pages) -> Pages:
    yield first
    async for page in rest:
        yield page
