"""The pages as an ASGI application: the built ones, the plain ones, their files, and no answer without its headers."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from cuebook_server.domain.access import Actor
from cuebook_server.domain.errors import CuebookError, NotFound, Unavailable, Unexpected
from cuebook_server.domain.session import SEEN_EVERY, SignedOut
from cuebook_server.services import sessions
from cuebook_server.services.ports import UnitOfWork, Units
from cuebook_server.services.ports_people import Hasher, Provider
from cuebook_server.ui import built as built_pages
from cuebook_server.ui import door, overview, signing, violations, what_runs_where
from cuebook_server.ui.accounts import Accounts, cookie, origin
from cuebook_server.ui.built import Built
from cuebook_server.ui.door import Door
from cuebook_server.ui.errors import status_of
from cuebook_server.ui.frame import ASSETS, TYPES
from cuebook_server.ui.violations import Violations

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'" + violations.DIRECTIVES
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Not `no-referrer`: with it a browser hides the origin of our own forms from us.
    "Referrer-Policy": "same-origin",
    "Reporting-Endpoints": violations.ENDPOINTS,
    "X-Content-Type-Options": "nosniff",
}
_STATIC = "/static/"
# What runs where without JavaScript, and all there is where the pages were not built.
PLAIN = "/plain"
AGAIN_S = 5
_log = structlog.get_logger("cuebook.ui")
Handler = Callable[[Request], Awaitable[Response]]


class Pages:
    """What a browser gets."""

    def __init__(
        self, units: Units, at: Door, hasher: Hasher, provider: Provider | None = None, built: Built | None = None
    ) -> None:
        self._units, self._door, self._built = units, at, built or Built()
        self._accounts = Accounts(units, at, hasher, provider)
        self.violations = Violations()
        first = self._document if self._built.there else self._overview
        self._routes: Mapping[tuple[str, str], Handler] = {
            ("GET", "/"): first,
            ("GET", PLAIN): self._overview,
            ("POST", violations.PATH): self.violations.take,
            **self._accounts.routes,
        }

    def owns(self, path: str) -> bool:
        """Whether the path is one of these pages or of their files."""
        return path.startswith(_STATIC) or self._built.owns(path) or any(path == known for _, known in self._routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        request = Request(scope, receive)
        request.state.request_id = f"req_{secrets.token_hex(8)}"
        response = await self._answer(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers["Cuebook-Request-Id"] = request.state.request_id
        _log.info(
            "page", method=request.method, path=request.url.path, status=response.status_code, id=request.state.request_id
        )
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        try:
            self._door.check_host(request)
            return await self._handler(request)(request)
        except CuebookError as error:
            # A page can be asked for again; a form or a sign-in elsewhere only by whoever sent it.
            again = isinstance(error, Unavailable) and self._handler(request) in {self._document, self._overview}
            return self._refused(error, AGAIN_S if again else 0)
        except Exception as error:  # noqa: BLE001  # the last stop of every page: a person gets a page, the log the rest
            _log.error("unexpected", path=request.url.path, kind=type(error).__name__, exc_info=error)
            return self._refused(Unexpected(hint=f"The server's log says more under {request.state.request_id}."))

    def _handler(self, request: Request) -> Handler:
        found = self._find("GET" if request.method == "HEAD" else request.method, request.url.path)
        # No address of ours has an escape, and none means another one by it.
        if found is None or b"%" in (request.scope.get("raw_path") or b""):
            raise NotFound("This address leads nowhere.", hint="It may have been cut short on its way to you.")
        return found

    def _find(self, method: str, path: str) -> Handler | None:
        if method == "GET" and path.startswith(built_pages.FILES):
            return self._file
        if method == "GET" and path.startswith(_STATIC):
            return _static
        if method == "GET" and self._built.owns(path):
            return self._document
        return self._routes.get((method, path))

    async def _file(self, request: Request) -> Response:
        return await run_in_threadpool(self._built.file, request.url.path, request.headers.get("accept-encoding", ""))

    async def _document(self, request: Request) -> Response:
        return await self._signed_in(
            request, lambda _actor, _uow: self._built.document(secrets.token_urlsafe(16), request.url.path)
        )

    async def _overview(self, request: Request) -> Response:
        asked = request.query_params

        def look(actor: Actor, uow: UnitOfWork) -> Response:
            return _page(what_runs_where.page(overview.look(actor, uow, asked.get("project", ""), asked.get("after", ""))))

        return await self._signed_in(request, look)

    async def _signed_in(self, request: Request, look: Callable[[Actor, UnitOfWork], Response]) -> Response:
        """What somebody who is signed in is shown; whoever is not goes to the sign-in page, and comes back from there."""

        def recognised() -> Response:
            with self._units.read() as uow:
                actor, session = sessions.recognise(uow, cookie(request), **origin(request))
                shown, now = look(actor, uow), uow.now
            if session.seen_at <= now - SEEN_EVERY:
                with suppress(Unavailable), self._units.jot() as uow:  # a database that only reads still shows its pages
                    sessions.seen(uow, session)
            return shown

        try:
            return await run_in_threadpool(recognised)
        except SignedOut:
            if request.headers.get("sec-fetch-site") == "cross-site":
                # A link in a chat: the browser kept the session to itself. From our own page it sends it along.
                return _page(signing.going_on(door.address(request)))
            return RedirectResponse(door.sign_in_address(request), 303)

    def _refused(self, error: CuebookError, again_s: int = 0) -> Response:
        response = _page(signing.refused(error, elsewhere=self._accounts.elsewhere, again_s=again_s), status_of(error))
        if response.status_code == 401:
            response.headers["WWW-Authenticate"] = 'Bearer realm="cuebook"'
        return response


async def _static(request: Request) -> Response:
    name = request.url.path.removeprefix(_STATIC)
    if name not in ASSETS:
        raise NotFound("There is no such file.")
    # The address carries a piece of the content's digest (see ``frame.asset``).
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(ASSETS[name], headers=headers, media_type=TYPES[name.rpartition(".")[2]])


def _page(body: bytes, status: int = 200) -> Response:
    return Response(body, status, media_type="text/html")
