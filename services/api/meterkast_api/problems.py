"""Every error of the API, as problem details (RFC 9457)."""

import difflib
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from meterkast_runtime.log import get_logger
from meterkast_store.errors import StoreError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match
from starlette.types import Message, Receive, Scope, Send

MEDIA_TYPE = "application/problem+json"
EVERY_PATH = "/{path:path}"
METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")
_LOG = get_logger("meterkast_api")
RETRY_AFTER_S = 5
_DENIAL = "websocket.http.response"
_POLICY_VIOLATION = 1008


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


NAMED = 1000


def unknown_gateway(name: str, known: Sequence[str]) -> ProblemError:
    """Nothing is known of this gateway; the answer names those that are, the first thousand of them."""
    known = known[:NAMED]
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


async def refuse(error: ProblemError, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request, or a WebSocket that is not accepted yet, by an error."""
    if scope["type"] == "websocket" and _DENIAL not in scope.get("extensions", {}):
        close: Message = {"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": error.kind}
        await send(close)
        return
    await problem(error, scope["path"])(scope, receive, send)


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)  # noqa: S101 - the type by which it was registered
    return problem(error, request.url.path)


async def _framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - the type by which it was registered
    path = request.url.path
    match error.status_code:
        case HTTPStatus.NOT_FOUND | HTTPStatus.METHOD_NOT_ALLOWED if allowed := ", ".join(sorted(_methods(request))):
            sentence = f"{path} does not take {request.method}, but {allowed}"
            found = ProblemError(405, "method-not-allowed", sentence, headers={"Allow": allowed})
        case HTTPStatus.NOT_FOUND | HTTPStatus.METHOD_NOT_ALLOWED:
            found = ProblemError(404, "not-found", f"there is nothing at {path}; /docs lists what there is")
        case HTTPStatus.BAD_REQUEST:  # FastAPI's answer to a body that is no text at all
            found = invalid("body", "this is no JSON")
        case status:
            found = ProblemError(status, "http", str(error.detail), headers=error.headers)
    return problem(found, path)


def _methods(request: Request) -> set[str]:
    """What the path takes, of all its routes; the page's last one takes every path, so that it tells nothing."""
    routes = [route for route in request.app.state.routes if getattr(route, "path", None) != EVERY_PATH]
    asked = [(method, {**request.scope, "method": method}) for method in METHODS]
    return {method for method, scope in asked if any(route.matches(scope)[0] is Match.FULL for route in routes)}


async def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - the type by which it was registered
    return problem(explained(error, query_names(request.scope.get("route"))), request.url.path)


def explained(error: RequestValidationError, known: Sequence[str] = ()) -> ProblemError:
    """The problem of parameters that make no sense; `known` are the names of those there are."""
    errors = [{"parameter": _place(mistake), "detail": _sentence(mistake, known)} for mistake in error.errors()]
    detail = "; ".join(f"{mistake['parameter']}: {mistake['detail']}" for mistake in errors)
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", detail, errors=errors)


def query_names(route: Any) -> tuple[str, ...]:
    """Names of a route's query parameters, those of a model of parameters included."""
    names: list[str] = []
    for parameter in route.dependant.query_params if isinstance(route, APIRoute) else ():
        model = parameter.field_info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            names += [field.alias or name for name, field in model.model_fields.items()]
        else:
            names.append(parameter.alias)
    return tuple(names)


def _place(mistake: Mapping[str, Any]) -> str:
    return ".".join(str(part) for part in mistake["loc"][1:]) or str(mistake["loc"][0])


def _sentence(mistake: Mapping[str, Any], known: Sequence[str]) -> str:
    """What is wrong, and the nearest thing that would be right."""
    match mistake["type"]:
        case "extra_forbidden":
            return f"there is no such parameter{_nearest(str(mistake['loc'][-1]), known)}"
        case "enum" | "literal_error":
            choices = re.findall(r"'([^']*)'", mistake["ctx"]["expected"])
            return f"{mistake['msg']}{_nearest(str(mistake['input']), choices, whole=False)}"
        case "bool_parsing":
            return "use true or false"
        case _:
            return str(mistake["msg"]).removeprefix("Value error, ")


def _nearest(given: str, known: Sequence[str], *, whole: bool = True) -> str:
    near = difflib.get_close_matches(given.lower(), known, n=1, cutoff=0.5)
    if near:
        return f": did you mean {near[0]}?"
    return f"; there are {', '.join(known)}" if whole and known else ""


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


def register(app: FastAPI, routes: Sequence[BaseRoute]) -> None:
    """Answer every error of the app, which has these routes, by problem details."""
    app.state.routes = routes
    app.add_exception_handler(ProblemError, _ours)
    app.add_exception_handler(HTTPException, _framework)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(StoreError, _store)
    app.add_exception_handler(Exception, _bug)
