"""What every page has around it, and the files it loads."""

from __future__ import annotations

import hashlib
from importlib.resources import files

from cuebook_server.ui.html import Child, Html, document, element

TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
ASSETS = {
    name: files("cuebook_server.ui").joinpath("static", name).read_bytes()
    for name in ("style.css", "sign-in.js", "copy.js", "icon.svg")
}


def asset(name: str) -> str:
    """A file's address, which changes with its content: it may be kept for ever."""
    return f"/static/{name}?{hashlib.sha256(ASSETS[name]).hexdigest()[:12]}"


def page(title: str, *main: Child, bar: Child = None, script: str = "", refresh: str = "", again_s: int = 0) -> bytes:
    """A whole page. ``bar`` stands beside the name at the top; ``refresh`` is where the browser goes on by itself; after
    ``again_s`` it asks for the page again.
    """
    return document(
        element(
            "head",
            element("meta", charset="utf-8"),
            element("title", f"{title} · Cuebook"),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("meta", name="color-scheme", content="light dark"),
            element("link", rel="icon", href=asset("icon.svg")),
            element("link", rel="stylesheet", href=asset("style.css")),
            element("meta", http_equiv="refresh", content=f"0; url={refresh}") if refresh else None,
            element("meta", http_equiv="refresh", content=str(again_s)) if again_s else None,
            element("script", src=asset(script), defer=True) if script else None,
        ),
        element(
            "body",
            element("header", element("a", "Cuebook", class_="name", href="/"), bar),
            element("main", *main),
        ),
    )


def command(*words: str) -> Html:
    """A command to copy. Words that a shell would read otherwise are quoted by the caller."""
    return element("pre", element("code", " ".join(words)), class_="command")
