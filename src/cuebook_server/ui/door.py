"""Who may talk to the pages: under which names the server is known here, and whose forms it takes."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode

from starlette.requests import Request

from cuebook_server.domain.errors import BadRequest, BodyTooLarge, Forbidden
from cuebook_server.domain.origin import Place, hostname, is_confidential
from cuebook_server.ui.built import ADDRESS

FORM_BYTES_MAX = 4_096
_FORM = "application/x-www-form-urlencoded"


class UnknownHost(Forbidden):
    """The server is not known under this name."""

    code = "unknown_host"
    hint = "Use the address the server printed, or set CUEBOOK_PUBLIC_URL to the address people use."


class ForeignForm(Forbidden):
    """The form was not sent by one of our own pages."""

    code = "foreign_form"
    hint = "Open the page again and send it from there."


class NotConfidential(Forbidden):
    """A session needs a connection nobody can listen to."""

    code = "not_confidential"
    hint = "Sign in on the server's own machine (an SSH tunnel counts), or put a proxy with TLS in front."


@dataclass(frozen=True, slots=True)
class Door:
    """Stands before the pages of one place."""

    place: Place

    def check_host(self, request: Request) -> None:
        """Refuse a foreign name: somebody else's page whose name was pointed at this machine would pass for ours."""
        if not self.place.knows(_host(request)):
            raise UnknownHost(f"This server is not known as {hostname(_host(request))[:80]!r}.")

    def check_form(self, request: Request) -> None:
        """Refuse what another site sends with a visitor's browser. Every browser names the origin of a form it posts."""
        if not self.place.is_own(request.headers.get("origin", ""), _host(request)):
            raise ForeignForm

    def check_confidential(self, request: Request) -> None:
        """Refuse to begin a session over a network in the clear; called once the form is known to be ours."""
        if not is_confidential(request.headers["origin"]):
            raise NotConfidential


async def form(request: Request) -> dict[str, str]:
    """The fields of a small form; of a field sent twice, the first."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != _FORM:
        raise BadRequest("This is not a form.", hint=f"Send `Content-Type: {_FORM}`.")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES_MAX:
            raise BodyTooLarge(f"The form has more than {FORM_BYTES_MAX} bytes.")
    fields = parse_qs(body.decode("ascii", errors="replace"))
    return {name: values[0] for name, values in fields.items()}


def sign_in_address(request: Request) -> str:
    """Where to sign in, and come back to this address from."""
    return "/sign-in" if request.url.path == "/" else f"/sign-in?{urlencode({'next': address(request)})}"


def address(request: Request) -> str:
    """The address that was asked for, as a path of this server."""
    path, query = request.url.path, request.url.query
    return f"{path}?{query}" if query else path


def way_back(request: Request) -> str:
    """The page somebody wanted before they had to sign in."""
    return own_address(request.query_params.get("next", ""))


def own_address(wanted: str) -> str:
    """An address of our pages as it is wanted; whatever else somebody wrote there leads to the first page."""
    path, _, query = wanted.partition("?")
    return wanted if ADDRESS.fullmatch(path) and query.isascii() and query.isprintable() else "/"


def _host(request: Request) -> str:
    return request.headers.get("host", "").lower()
