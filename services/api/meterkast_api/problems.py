"""Every error of the API, as problem details (RFC 9457)."""

import difflib
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from meterkast_runtime.log import get_logger
from meterkast_store.errors import StoreError
from starlette.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"
_LOG = get_logger("meterkast_api")
RETRY_AFTER_S = 5


class ProblemError(Exception):
    """A request that cannot be served: status, stable kind, one sentence, and members a program can use."""

    def __init__(
        self, status: int, kind: str, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.headers = headers
        self.members = members


def unknown_gateway(name: str, known: Sequence[str]) -> ProblemError:
    """Nothing is known of this gateway; the answer names those that are."""
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        hint = f"did you mean {near[0]}?"
    elif known:
        hint = f"known: {', '.join(known[:20])}"
    else:
        hint = "no gateway has sent anything yet"
    return ProblemError(HTTPStatus.NOT_FOUND, "unknown-gateway", f"no gateway is called {name!r}: {hint}", known=known)


def invalid(where: str, sentence: str) -> ProblemError:
    """One query parameter makes no sense."""
    errors = [{"parameter": where, "detail": sentence}]
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", f"{where}: {sentence}", errors=errors)


def problem(error: ProblemError, instance: str) -> Response:
    """The answer that tells of an error."""
    body = {
        "type": f"urn:meterkast:problem:{error.kind}",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": error.detail,
        "instance": instance,
        **error.members,
    }
    return Response(orjson.dumps(body), error.status, error.headers, MEDIA_TYPE)


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)  # noqa: S101 - the type by which it was registered
    return problem(error, request.url.path)


async def _framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - the type by which it was registered
    path = request.url.path
    sentences = {
        HTTPStatus.NOT_FOUND: ("not-found", f"there is nothing at {path}; /docs lists what there is"),
        HTTPStatus.METHOD_NOT_ALLOWED: ("method-not-allowed", f"{path} does not take {request.method}"),
    }
    kind, detail = sentences.get(HTTPStatus(error.status_code), ("http", str(error.detail)))
    return problem(ProblemError(error.status_code, kind, detail, headers=error.headers), path)


async def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - the type by which it was registered
    errors = [
        {
            "parameter": ".".join(str(part) for part in mistake["loc"][1:]),
            "detail": mistake["msg"].removeprefix("Value error, "),
        }
        for mistake in error.errors()
    ]
    detail = "; ".join(f"{mistake['parameter']}: {mistake['detail']}" for mistake in errors)
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return problem(ProblemError(status, "invalid-request", detail, errors=errors), request.url.path)


async def _store(request: Request, error: Exception) -> Response:
    assert isinstance(error, StoreError)  # noqa: S101 - the type by which it was registered
    _LOG.warning("history could not be read", path=request.url.path, error=str(error))
    return problem(
        ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "history-unavailable",
            f"history cannot be read now: {error.reason}",
            headers={"Retry-After": str(RETRY_AFTER_S)},
            hint=error.hint,
        ),
        request.url.path,
    )


async def _bug(request: Request, error: Exception) -> Response:
    # the server logs the traceback, since Starlette raises the error again after this answer
    _LOG.error("a request failed", path=request.url.path, error=repr(error))
    detail = "this should not happen: the log of the api says more"
    return problem(ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", detail), request.url.path)


def register(app: FastAPI) -> None:
    """Answer every error of the app by problem details."""
    app.add_exception_handler(ProblemError, _ours)
    app.add_exception_handler(HTTPException, _framework)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(StoreError, _store)
    app.add_exception_handler(Exception, _bug)
