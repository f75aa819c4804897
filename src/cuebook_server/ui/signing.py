"""The pages of those who are not signed in, and of those who are refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from cuebook_server.domain.errors import CuebookError, Unauthenticated
from cuebook_server.domain.person import PASSWORD_CHARS_MIN
from cuebook_server.ui.frame import command, page
from cuebook_server.ui.html import Child, Html, element

NO_FIELDS: Mapping[str, str] = {}
_FIRST_RUN = command("cuebook --first-run data/first-run.json status")


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a form."""

    name: str
    label: str
    kind: str = "text"
    autocomplete: str = "off"


_SECRET = Field("secret", "The link, or what follows its #")
_LOGIN = Field("login", "Login, written like an e-mail address", autocomplete="username")
_NAME = Field("name", "Your name, as others see it", autocomplete="name")
_NEW = Field("password", f"Password, {PASSWORD_CHARS_MIN} characters or more", "password", "new-password")
_OLD = Field("password", "Password", "password", "current-password")


@dataclass(frozen=True, slots=True)
class Way:
    """A page with a form that leads in. ``path`` is where it stands and where its form goes."""

    path: str
    title: str
    text: str
    button: str
    fields: tuple[Field, ...]


SET_UP = Way(
    "/set-up",
    "Make the first account",
    "You look after this whole server then, and invite everybody else. The link counts once, for 15 minutes; until somebody "
    "has an account, each start of the server prints another.",
    "Make the account",
    (_SECRET, _LOGIN, _NAME, _NEW),
)
INVITATION = Way(
    "/invitation",
    "Take up an invitation",
    "The link counts once, for seven days. Whoever invited you chose your login.",
    "Make the account",
    (_SECRET, _NAME, _NEW),
)
RESET = Way("/reset", "Choose a new password", "It ends every session of the account.", "Change the password", (_SECRET, _NEW))
SIGN_IN = Way(
    "/sign-in",
    "Sign in",
    "Cuebook keeps the prompts of your applications: which version runs where, who changed it and why, and the way back.",
    "Sign in",
    (_LOGIN, _OLD),
)
OIDC = "/sign-in/oidc"
WAYS = {way.path: way for way in (SIGN_IN, SET_UP, INVITATION, RESET)}


def way_in(
    way: Way,
    refusal: CuebookError | None = None,
    given: Mapping[str, str] = NO_FIELDS,
    *,
    elsewhere: bool = False,
    back: str = "/",
    empty: bool = False,
) -> bytes:
    """A form that leads in; ``given`` is what was typed before, ``elsewhere`` whether an identity provider is set up, ``back``
    where it leads on to, ``empty`` whether nobody has an account yet.
    """
    if empty and way is SIGN_IN:
        return page("The first account", element("h1", "Nobody has an account yet"), *_begin(elsewhere, back))
    return page(
        way.title,
        element("h1", way.title),
        element("p", refusal.detail, " ", refusal.advice, class_="refusal", role="alert") if refusal else None,
        element("p", way.text) if way.text else None,
        _form(way, given, back),
        _elsewhere(way, given, back) if elsewhere and way in (SIGN_IN, INVITATION) else None,
        *(_help(back) if way is SIGN_IN else ()),
        script="sign-in.js",
    )


def refused(error: CuebookError, *, elsewhere: bool = False, back: str = "/", again_s: int = 0) -> bytes:
    """A refusal, as a person reads it. Where it passes by itself the page asks again after ``again_s``."""
    if isinstance(error, Unauthenticated):
        return way_in(SIGN_IN, error, elsewhere=elsewhere, back=back)
    main: list[Child] = [element("h1", error.title()), element("p", error.detail) if error.detail != error.title() else None]
    again = element("p", f"This page asks again every {again_s} seconds.") if again_s else None
    first = element("p", element("a", "To the first page", href="/"))
    return page(error.title(), *main, element("p", error.advice) if error.advice else None, again, first, again_s=again_s)


def signed_in(back: str) -> bytes:
    """The page after a sign-in elsewhere. To go on from it is our own page's doing: the browser sends its new cookie along."""
    return going_on(back, "Signed in")


def going_on(to: str, title: str = "Going on") -> bytes:
    """A page that leads on by itself."""
    return page(title, element("h1", title), element("p", element("a", "Go on", href=to)), refresh=to)


def _form(way: Way, given: Mapping[str, str], back: str) -> Html:
    lines = [(element("label", field.label, for_=field.name), _input(field, given.get(field.name, ""))) for field in way.fields]
    button = element("button", way.button, type="submit")
    return element("form", *lines, button, method="post", action=_to(way.path, back), data_secret=_SECRET in way.fields)


def _to(path: str, back: str) -> str:
    return path if back == "/" else f"{path}?{urlencode({'next': back})}"


def _input(field: Field, value: str) -> Html:
    return element(
        "input",
        id=field.name,
        name=field.name,
        type=field.kind,
        value=value if value and field.kind != "password" else None,
        required=True,
        autocomplete=field.autocomplete,
        spellcheck="false",
        autocapitalize="off",
    )


def _elsewhere(way: Way, given: Mapping[str, str], back: str) -> Html:
    secret = given.get("secret", "")
    asked = element("label", _SECRET.label, for_="invitation"), element("input", id="invitation", name="secret", value=secret)
    button = element("button", "Sign in with your organisation", type="submit")
    return element("form", *(asked if way is INVITATION else ()), button, method="post", action=_to(OIDC, back))


def _begin(elsewhere: bool, back: str) -> tuple[Child, ...]:
    """What to do on a new server."""
    return (
        element("p", SIGN_IN.text),
        element("p", "As the server started, it printed a link. Open it to make the first account, and invite everybody else:"),
        command("Make the first account at …/set-up#…"),
        element("p", "The link counts for 15 minutes. Too late, or lost? Start the server again: it prints another."),
        _elsewhere(SIGN_IN, NO_FIELDS, back) if elsewhere else None,
        element("h2", "Without a browser"),
        element("p", "The command line takes the file that the first start wrote into the data folder:"),
        _FIRST_RUN,
    )


def _help(back: str) -> tuple[Html, ...]:
    return (
        element("p", "No account? Ask an admin to invite you. Forgot the password? The operator makes a link to a new one:"),
        command("cuebook people reset-link LOGIN"),
        element("h2", "Without a browser"),
        element("p", "Sign the command line in, or give it the file that the first start wrote into the data folder:"),
        command("cuebook login"),
        _FIRST_RUN,
        element("p", "Signed in already, and a link from elsewhere brought you here? ", element("a", "Go on", href=back), "."),
    )
