"""The pages as they were built from ``ui/``: one document for all their addresses, and the files it loads.

A checkout without Node has none; then the server writes its one plain page itself (``what_runs_where``).
"""

from __future__ import annotations

import re
from functools import cache
from html import escape
from pathlib import Path

from starlette.responses import Response

from cuebook_server.domain.errors import NotFound
from cuebook_server.ui.frame import TYPES
from cuebook_server.ui.violations import DIRECTIVES

FOLDER = Path(__file__).parent / "static" / "app"
FILES = "/static/app/"
# What stands in the built document for the nonce of the answer it goes out with.
NONCE = "__NONCE__"
# Where people go in the pages; `ui/src/router.tsx` says what stands there.
ADDRESS = re.compile(r"/(?:p(?:/[a-z0-9][a-z0-9._-]*)+|people|me|notices|new-project)?")
# The first page, and what it asks the API for. The browser fetches these while it still reads the document; that they are the
# very addresses the page asks for is tested (`tests/browser/test_home.py`).
HOME = re.compile(r"/p/([a-z0-9][a-z0-9._-]*)")
HOME_ASKS = (
    "/api/me",
    "/api/projects/{project}/status?after=&limit=100",
    *(f"/api/projects/{{project}}/{what}" for what in ("access", "environments", "lately", "reviews", "waiting")),
)
# Styles that are made while a page runs carry the nonce. Markup is never written from text: the policy `default`
# (`ui/src/security.ts`) is the only one, and it refuses.
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; connect-src 'self'; img-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types default" + DIRECTIVES
)
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
_IMMUTABLE = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}


class Built:
    """The built pages of a folder."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        index = folder / "index.html"
        self._document = index.read_text(encoding="utf-8") if index.is_file() else ""
        known = (path.relative_to(folder).as_posix() for path in folder.rglob("assets/*"))
        self._names = frozenset(known) if self._document else frozenset()
        self._read = cache(lambda name: (folder / name).read_bytes())

    @property
    def there(self) -> bool:
        """Whether somebody built them."""
        return bool(self._document)

    def owns(self, path: str) -> bool:
        """Whether the path is an address of the pages."""
        return self.there and ADDRESS.fullmatch(path) is not None

    def document(self, nonce: str, path: str = "/") -> Response:
        """The document for an address, with a policy that lets styles of this nonce through."""
        body, home = self._document.replace(NONCE, nonce), HOME.fullmatch(path)
        if home:
            asks = (escape(ask.replace("{project}", home[1])) for ask in HOME_ASKS)
            early = "".join(f'<link rel="preload" as="fetch" crossorigin href="{ask}">' for ask in asks)
            body = body.replace("</head>", f"{early}</head>", 1)
        response = Response(body, media_type="text/html")
        response.headers["Content-Security-Policy"] = _CSP.replace("{nonce}", nonce)
        return response

    def file(self, path: str, accepted: str) -> Response:
        """A file, in the smallest form the browser accepts. Its name changes with its content: it may be kept for ever."""
        name = path.removeprefix(FILES)
        if name not in self._names:
            raise NotFound("There is no such file.")
        headers, offered = dict(_IMMUTABLE), {part.partition(";")[0].strip() for part in accepted.split(",")}
        media_type = TYPES.get(name.rpartition(".")[2])
        for encoding, suffix in _ENCODINGS:
            if encoding in offered and name + suffix in self._names:
                name, headers["Content-Encoding"] = name + suffix, encoding
                break
        return Response(self._read(name), headers=headers, media_type=media_type)
