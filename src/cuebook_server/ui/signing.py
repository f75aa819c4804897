"""The pages of those who are not signed in, and of those who are refused."""

from __future__ import annotations

from cuebook_server.domain.errors import CuebookError, Unauthenticated
from cuebook_server.ui.frame import command, page
from cuebook_server.ui.html import Child, element


def sign_in(refusal: CuebookError | None = None) -> bytes:
    """How to sign in, and a form for the secret; the script fills it from the link and sends it."""
    return page(
        "Sign in",
        element("h1", "Sign in"),
        element("p", refusal.detail, " ", refusal.advice, class_="refusal", role="alert") if refusal else None,
        element("p", "Cuebook prints a sign-in link each time it starts. It counts once, for 15 minutes."),
        command("cuebook serve"),
        element(
            "form",
            element("label", "The link, or what follows its #", for_="secret"),
            element(
                "input", id="secret", name="secret", required=True, autocomplete="off", spellcheck="false", autocapitalize="off"
            ),
            element("button", "Sign in", type="submit"),
            method="post",
            action="/sign-in",
            id="sign-in",
        ),
        element("h2", "Without a browser"),
        element(
            "p",
            "The first start wrote a management token and one key per environment to ",
            element("code", "first-run.json"),
            " in the data folder. The command line takes all it needs from that file:",
        ),
        command("cuebook --first-run data/first-run.json status"),
        element("p", "Signed in already, and a link from elsewhere brought you here? ", element("a", "Go on", href="/"), "."),
        script="sign-in.js",
    )


def refused(error: CuebookError) -> bytes:
    """A refusal, as a person reads it."""
    if isinstance(error, Unauthenticated):
        return sign_in(error)
    main: list[Child] = [element("h1", error.title()), element("p", error.detail) if error.detail != error.title() else None]
    return page(error.title(), *main, element("p", error.advice) if error.advice else None)
