"""A document that people set, kept in the database and in memory, with a tag so that two editors do not overwrite."""

import asyncio
import json
from decimal import Decimal
from http import HTTPStatus
from typing import Any, Generic, TypeVar

import orjson
from meterkast_runtime.errors import StartError
from pydantic import BaseModel, ValidationError

from meterkast_api.database import Database
from meterkast_api.problems import ProblemError
from meterkast_api.tags import tag_of

M = TypeVar("M", bound=BaseModel)


class Kept(Generic[M]):
    """The document of a name; `value` is the default until another is put."""

    def __init__(self, database: Database, name: str, default: M) -> None:
        self._database = database
        self._name = name
        self._model = type(default)
        self.value = default
        self._putting = asyncio.Lock()

    @property
    def json(self) -> bytes:
        """The document as JSON, decimals as exact numbers."""
        return document_json(self.value)

    @property
    def tag(self) -> str:
        """The ETag of what holds now."""
        return tag_of(self.json)

    async def load(self) -> None:
        """Read what was put before; raises StartError where it makes no sense."""
        body = await self._database.document(self._name)
        if body is None:
            return
        try:
            self.value = self._model.model_validate(json.loads(body, parse_float=Decimal))
        except (ValueError, ValidationError) as error:
            raise StartError(
                f"the {self._name} that were kept make no sense: {error}",
                hint="put back the api.sqlite of a backup, or start with the version that wrote it",
            ) from error

    async def put(self, value: M, if_match: str | None = None) -> None:
        """Keep another; raises ProblemError (412) where `if_match` names none that holds now."""
        async with self._putting:
            self._check(if_match)
            await self._database.put_document(self._name, document_json(value))
            self.value = value

    def _check(self, if_match: str | None) -> None:
        if if_match is not None and not {"*", self.tag} & {part.strip() for part in if_match.split(",")}:
            raise ProblemError(
                HTTPStatus.PRECONDITION_FAILED,
                "changed-meanwhile",
                f"the {self._name} have been changed since you read them: read them again, then change them",
                headers={"ETag": self.tag},
            )


def number(value: Decimal) -> orjson.Fragment:
    """The decimal as a JSON number, digit by digit."""
    return orjson.Fragment(format(value, "f"))


def document_json(value: BaseModel) -> bytes:
    """The model as JSON by its wire names, without what is absent."""
    return orjson.dumps(value.model_dump(by_alias=True, exclude_none=True), default=_exact)


def _exact(value: Any) -> Any:
    if isinstance(value, Decimal):
        return number(value)
    raise TypeError(type(value))
