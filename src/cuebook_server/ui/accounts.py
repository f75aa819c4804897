"""The ways in and out of an account, for a browser."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from cuebook_server.domain.errors import CuebookError, Unauthenticated, Unavailable
from cuebook_server.domain.identity import Trip
from cuebook_server.domain.session import COOKIE, LIFE_MAX
from cuebook_server.services import identities, people, sessions
from cuebook_server.services.people import Newcomer
from cuebook_server.services.ports import Units
from cuebook_server.services.ports_people import Hasher, Provider
from cuebook_server.services.sessions import Visit
from cuebook_server.ui import door, signing
from cuebook_server.ui.door import Door
from cuebook_server.ui.errors import status_of

OIDC_COOKIE = "__Host-cuebook-oidc"
OIDC_LIFE_S = 600
Handler = Callable[[Request], Awaitable[Response]]
Fields = Mapping[str, str]


class Accounts:
    """What a browser does about accounts and sessions. Each form is ours, each new session on a line nobody listens to."""

    def __init__(self, units: Units, at: Door, hasher: Hasher, provider: Provider | None) -> None:
        self._units, self._door, self._hasher, self._provider = units, at, hasher, provider
        self.routes: dict[tuple[str, str], Handler] = {("POST", "/sign-out"): self._sign_out}
        for path in signing.WAYS:
            self.routes["GET", path] = self._show
            self.routes["POST", path] = self._take
        if provider:
            self.routes["POST", signing.OIDC] = self._leave
            self.routes["GET", signing.OIDC] = self._return
        self._peopled = False  # an account never goes: once somebody has one, nobody looks again

    @property
    def elsewhere(self) -> bool:
        """Whether people can sign in with an identity provider."""
        return self._provider is not None

    async def _show(self, request: Request) -> Response:
        way, back = signing.WAYS[request.url.path], door.way_back(request)
        empty = way is signing.SIGN_IN and await run_in_threadpool(self._empty)
        return _page(signing.way_in(way, elsewhere=self.elsewhere, back=back, empty=empty))

    def _empty(self) -> bool:
        if not self._peopled:
            with suppress(Unavailable), self._units.read() as uow:  # the form is shown whatever the database does
                self._peopled = not people.nobody(uow)
                return not self._peopled
        return False

    async def _take(self, request: Request) -> Response:
        self._door.check_form(request)
        self._door.check_confidential(request)
        fields = await door.form(request)
        way = signing.WAYS[request.url.path]
        try:
            session = await run_in_threadpool(self._begin, way, fields, _visit(request))
        except CuebookError as error:
            shown = signing.way_in(way, error, fields, elsewhere=self.elsewhere, back=door.way_back(request))
            return _page(shown, status_of(error))
        response = RedirectResponse(door.way_back(request) if session else "/sign-in", 303)
        if session:
            set_session(response, session)
        return response

    def _begin(self, way: signing.Way, fields: Fields, visit: Visit) -> str:
        """Do what a form asks; returns the new session's secret, or nothing when one has to sign in yet."""
        secret = fields.get("secret", "").strip().rpartition("#")[2]
        login, password = fields.get("login", ""), fields.get("password", "")
        who = Newcomer(fields.get("name", ""), password, login)
        if way is signing.SET_UP:
            return people.set_up(self._units, self._hasher, secret, who, visit)
        if way is signing.INVITATION:
            return people.accept(self._units, self._hasher, secret, who, visit)
        if way is signing.RESET:
            people.reset(self._units, self._hasher, secret, password, visit)
            return ""
        return sessions.sign_in(self._units, self._hasher, login, password, visit)

    async def _sign_out(self, request: Request) -> Response:
        self._door.check_form(request)

        def end() -> None:
            with self._units.write() as uow:
                sessions.sign_out(uow, cookie(request), **origin(request))

        await run_in_threadpool(end)
        response = RedirectResponse("/sign-in", 303)
        _set_cookie(response, COOKIE, "", 0)
        return response

    # --- an identity provider ----------------------------------------------------------------------------------------------
    async def _leave(self, request: Request) -> Response:
        """To the provider, with what proves the way back in a cookie of this browser."""
        self._door.check_form(request)
        self._door.check_confidential(request)
        assert self._provider is not None
        invitation = (await door.form(request)).get("secret", "").strip().rpartition("#")[2]
        back = request.headers["origin"] + signing.OIDC
        trip = await run_in_threadpool(self._provider.leave, back)
        response = RedirectResponse(trip.url, 303)
        kept = {"state": trip.state, "nonce": trip.nonce, "code_verifier": trip.code_verifier, "back": back}
        value = json.dumps({**kept, "invitation": invitation, "next": door.way_back(request)}).encode().hex()
        # Lax, not Strict: the provider's page sends the browser back here.
        response.set_cookie(OIDC_COOKIE, value, max_age=OIDC_LIFE_S, path="/", secure=True, httponly=True, samesite="lax")
        return response

    async def _return(self, request: Request) -> Response:
        assert self._provider is not None
        kept = _kept(request)
        asked = dict(request.query_params)
        provider, visit = self._provider, _visit(request)

        def begin() -> str:
            identity = provider.arrive(Trip("", **{name: kept[name] for name in _TRIP}), kept["back"], asked)
            with self._units.write() as uow:
                return identities.sign_in(uow, identity, kept["invitation"], provider.default_role, visit)

        if not kept:
            raise identities.LostOnTheWay
        next_page = door.own_address(kept["next"])
        response = _page(signing.signed_in(next_page))
        try:
            set_session(response, await run_in_threadpool(begin))
        except Unauthenticated as error:
            return _page(signing.refused(error, elsewhere=True, back=next_page), status_of(error))
        response.set_cookie(OIDC_COOKIE, "", max_age=0, path="/", secure=True, httponly=True, samesite="lax")
        return response


_TRIP = ("state", "nonce", "code_verifier")


def _kept(request: Request) -> dict[str, str]:
    try:
        kept = json.loads(bytes.fromhex(request.cookies.get(OIDC_COOKIE, "")))
    except ValueError:
        return {}
    wanted = {*_TRIP, "back", "invitation", "next"}
    return kept if isinstance(kept, dict) and set(kept) == wanted and all(isinstance(v, str) for v in kept.values()) else {}


def set_session(response: Response, secret: str) -> None:
    """Give a browser its session."""
    _set_cookie(response, COOKIE, secret, int(LIFE_MAX.total_seconds()))


def cookie(request: Request) -> str:
    """The secret of the browser's session."""
    return request.cookies.get(COOKIE, "")


def origin(request: Request) -> dict[str, str]:
    """Where a request came from."""
    return {"request_id": request.state.request_id, "source": request.client.host if request.client else ""}


def _visit(request: Request) -> Visit:
    return Visit(**origin(request), instead_of=cookie(request))


def _page(body: bytes, status: int = 200) -> Response:
    response = Response(body, status, media_type="text/html")
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="cuebook"'
    return response


def _set_cookie(response: Response, name: str, value: str, max_age_s: int) -> None:
    response.set_cookie(name, value, max_age=max_age_s, path="/", secure=True, httponly=True, samesite="strict")
