"""Logins, the password, tokens, and the audit log."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request, Response

from meterkast_api.access import answers as forms
from meterkast_api.access import credentials
from meterkast_api.access.answers import PasswordChosen, PasswordGiven, TokenWanted
from meterkast_api.access.audit import AuditLog
from meterkast_api.access.credentials import SESSION_LASTS_S, with_implied
from meterkast_api.access.keyring import OWNER, Keyring
from meterkast_api.access.login import Choice, Login
from meterkast_api.access.recogniser import COOKIE
from meterkast_api.access.scopes import OPEN, Caller, Scope, caller_of, needs
from meterkast_api.answers import Examples, json_answer, problems
from meterkast_api.problems import ProblemError
from meterkast_api.routes.meters import JSON

MOST_TOKENS = 200
DONE: Examples = {204: {"description": "Done."}}
LOGGED_IN: Examples = {204: {"description": "Done; the cookie `meterkast_session` is set."}}
Controller = Annotated[Caller, needs(Scope.CONTROL)]


class AccessRoutes:
    """`/api/v1/session`, `/api/v1/password`, `/api/v1/tokens`, `/api/v1/audit`."""

    def __init__(
        self, login: Login, keyring: Keyring, audit: AuditLog, *, prefix: str = "", everybody_reads: bool = True
    ) -> None:
        self._login = login
        self._keyring = keyring
        self._audit = audit
        self._cookie_path = prefix or "/"
        self._reading = "open" if everybody_reads else "login"

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(prefix="/api/v1", tags=["access"])
        add = router.add_api_route
        session = json_answer(forms.Session, forms.SESSION, "Who asks, and how to log in.")
        wrong = problems(401, 403, 409, 411, 413, 422, 429)
        add("/session", self.session, openapi_extra=OPEN, responses=session)
        add("/session", self.log_in, methods=["POST"], status_code=204, openapi_extra=OPEN, responses=LOGGED_IN | wrong)
        add("/session", self.log_out, methods=["DELETE"], status_code=204, openapi_extra=OPEN, responses=DONE)
        add(
            "/password",
            self.choose_password,
            methods=["POST"],
            status_code=204,
            openapi_extra=OPEN,
            responses=LOGGED_IN | wrong,
        )
        tokens = json_answer(list[forms.Token], forms.TOKENS, "Every token, without its secret.")
        new = json_answer(forms.NewToken, forms.NEW_TOKEN, "Made; the secret is shown this once.")
        made: Examples = {201: new[200]}
        add("/tokens", self.tokens, responses=tokens)
        add(
            "/tokens",
            self.make_token,
            methods=["POST"],
            status_code=201,
            responses=made | problems(409, 422),
        )
        add("/tokens/{name}", self.remove_token, methods=["DELETE"], status_code=204, responses=DONE | problems(404))
        audit = json_answer(forms.Audit, forms.AUDIT, "What was changed, newest first.")
        add("/audit", self.audit, responses=audit | problems(422))
        return router

    async def session(self, request: Request) -> Response:
        """Say who asks and what they may; a session lasts 30 days from now on."""
        caller = caller_of(request)
        known = self._login.password_set
        body: dict[str, Any] = {
            "scopes": sorted(caller.scopes),
            "login": "password" if known else "setup",
            "password_set": known,
            "reading": self._reading,
        }
        if caller.known:
            body["name"] = caller.name
        response = _json(body)
        if caller.key is not None and not caller.bearer:
            self._set_cookie(request, response, request.cookies[COOKIE])
        return response

    async def log_in(self, request: Request, given: PasswordGiven) -> Response:
        """Log in with the password."""
        secret = await self._login.log_in(given.password, client=_client(request))
        await self._audit.note(_owner(), "logged in", _client(request))
        return self._logged_in(request, secret)

    async def log_out(self, request: Request) -> Response:
        """Log out."""
        caller = caller_of(request)
        if (key := caller.key) is not None and not caller.bearer:
            await self._keyring.change(lambda c: credentials.end_session(c, key))
            await self._audit.note(caller, "logged out", _client(request))
        response = Response(status_code=HTTPStatus.NO_CONTENT)
        response.delete_cookie(
            COOKIE, path=self._cookie_path, secure=_secure(request), httponly=True, samesite="strict"
        )
        return response

    async def choose_password(self, request: Request, given: PasswordChosen) -> Response:
        """Choose the password, log in with it, and end all other sessions."""
        choice = Choice(password=given.password, current=given.current, setup_code=given.setup_code)
        secret = await self._login.choose(choice, client=_client(request))
        await self._audit.note(_owner(), "password chosen", _client(request))
        return self._logged_in(request, secret)

    async def tokens(self, _caller: Controller) -> Response:
        """List the tokens."""
        return _json(
            [
                {"name": token.name, "scopes": sorted(token.scopes), "created_at": _moment(token.created_at)}
                | ({} if used is None else {"last_used_at": _moment(used)})
                for token, used in self._keyring.tokens()
            ]
        )

    async def make_token(self, wanted: TokenWanted, caller: Controller) -> Response:
        """Make a token; its secret is in this answer and nowhere else."""
        scopes = with_implied(wanted.scopes)
        if len(self._keyring.tokens()) >= MOST_TOKENS:
            raise ProblemError(
                HTTPStatus.CONFLICT, "too-many-tokens", f"there are {MOST_TOKENS} tokens: remove those no longer used"
            )
        now = datetime.now(UTC).timestamp()
        secret = await self._keyring.change(lambda c: credentials.add_token(c, wanted.name, scopes, now))
        if secret is None:
            raise ProblemError(
                HTTPStatus.CONFLICT, "token-exists", f"there is a token {wanted.name}: remove it, or take another name"
            )
        await self._audit.note(caller, "token made", f"{wanted.name}: {', '.join(sorted(scopes))}")
        return _json({"name": wanted.name, "scopes": sorted(scopes), "token": secret}, HTTPStatus.CREATED)

    async def remove_token(self, name: str, caller: Controller) -> Response:
        """Remove a token; whoever has it is let in no longer."""
        if not await self._keyring.change(lambda c: credentials.remove_token(c, name)):
            raise ProblemError(HTTPStatus.NOT_FOUND, "unknown-token", f"there is no token {name!r}")
        await self._audit.note(caller, "token removed", name)
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def audit(self, _caller: Controller, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> Response:
        """List who changed what."""
        entries = await self._audit.latest(limit)
        return _json({"entries": [{"at": e.at, "who": e.who, "what": e.what, "detail": e.detail} for e in entries]})

    def _logged_in(self, request: Request, secret: str) -> Response:
        response = Response(status_code=HTTPStatus.NO_CONTENT)
        self._set_cookie(request, response, secret)
        return response

    def _set_cookie(self, request: Request, response: Response, secret: str) -> None:
        response.set_cookie(
            COOKIE,
            secret,
            max_age=SESSION_LASTS_S,
            path=self._cookie_path,
            secure=_secure(request),
            httponly=True,
            samesite="strict",
        )


def _owner() -> Caller:
    return Caller(OWNER, frozenset(Scope))


def _secure(request: Request) -> bool:
    return request.url.scheme == "https"


def _client(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _json(body: Any, status: int = HTTPStatus.OK) -> Response:
    return Response(orjson.dumps(body, option=orjson.OPT_UTC_Z), status, media_type=JSON)
