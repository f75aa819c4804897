"""Reading a request: its headers, key, parameters and body. Whatever is not understood is refused, never guessed at."""

from __future__ import annotations

import re
from collections.abc import Iterable, Set
from typing import Any
from urllib.parse import unquote_to_bytes

from cuebook_server.delivery.answer import Receive
from cuebook_server.domain import keys
from cuebook_server.domain.errors import (
    BadRequest,
    BodyTooLarge,
    CuebookError,
    Unauthenticated,
    Unavailable,
    UnknownKey,
    UnknownParameter,
    WrongKeyKind,
)
from cuebook_server.domain.names import clip

QUERY_BYTES_MAX = 4_096
BODY_BYTES_MAX = 4 * 1024 * 1024
SUBJECT_CHARS_MAX = 256
_KEY = re.compile(rb"cue_[a-z]+_[a-z2-7]{13}_")
_IN_URL = "A key belongs in the Authorization header: URLs are logged. Revoke this one and make another."
_QUALITY_ZERO = re.compile(r"q=0(\.0*)?")
Headers = Iterable[tuple[bytes, bytes]]


def read_headers(headers: Headers) -> tuple[bytes | None, bytes | None]:
    """``Authorization`` and ``If-None-Match``, in one pass over the headers (their names in lower case, as ASGI gives them)."""
    authorization = none_match = None
    for name, value in headers:
        if name == b"authorization":
            if authorization is not None:
                raise Unauthenticated("There is more than one Authorization header.", hint="Send exactly one.")
            authorization = value
        elif name == b"if-none-match":
            none_match = value if none_match is None else none_match + b"," + value
    return authorization, none_match


def bearer(authorization: bytes | None, query: bytes) -> bytes:
    """The token of an Authorization header; the query is looked at only to say what went wrong."""
    if authorization is None:
        if _KEY.search(query):
            raise Unauthenticated("The key stands in the URL.", hint=_IN_URL)
        raise Unauthenticated("There is no Authorization header.")
    if authorization[:7].lower() != b"bearer ":
        raise Unauthenticated("The Authorization header is not a Bearer token.")
    return authorization[7:].strip(b" ")


def stranger(token: bytes, *, certain: bool) -> CuebookError:
    """Why a token that no key matches is refused. Its form and checksum are looked at here, not on the way of good keys.

    A node that has not read the keys of its database (``certain`` is false) must not call a key unknown: it may be a new one.
    """
    try:
        credential = keys.read(token.decode("ascii", "replace"))
    except UnknownKey as error:
        return error
    if not keys.is_delivery(credential):
        return WrongKeyKind("This is a management token, not a delivery key.")
    return UnknownKey() if certain else Unavailable("This node cannot look this key up now.")


def parameters(query: bytes, allowed: Set[str]) -> dict[str, str]:
    """The query's parameters. Unknown, repeated and unreadable ones are refused."""
    if not query:
        return {}
    if len(query) > QUERY_BYTES_MAX:
        raise BadRequest(f"The query is longer than {QUERY_BYTES_MAX} bytes.")
    if _KEY.search(query):
        raise BadRequest("A key stands in the URL.", hint=_IN_URL)
    found: dict[str, str] = {}
    for pair in query.split(b"&"):
        name, _, value = (_decode(part) for part in pair.partition(b"="))
        if name not in allowed:
            raise UnknownParameter(f"{clip(name)!r} is not a parameter of this call.", allowed=sorted(allowed))
        if name in found:
            raise BadRequest(f"The parameter `{name}` stands twice.")
        found[name] = value
    return found


def _decode(text: bytes) -> str:
    try:
        return unquote_to_bytes(text.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError:
        raise BadRequest("The query is not UTF-8.") from None


async def read_body(headers: Headers, receive: Receive) -> bytes:
    """A request's body, 4 MiB at most."""
    declared = next((value for name, value in headers if name == b"content-length"), b"0")
    if declared.isdigit() and int(declared) > BODY_BYTES_MAX:
        raise _too_large()
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadRequest("The request ended before its body did.")
        body += message.get("body", b"")
        if len(body) > BODY_BYTES_MAX:
            raise _too_large()
        if not message.get("more_body"):
            return bytes(body)


def _too_large() -> BodyTooLarge:
    return BodyTooLarge(f"The body is larger than {BODY_BYTES_MAX} bytes.", limit=BODY_BYTES_MAX)


def check_subject(subject: Any) -> str:
    """Who is served, as the caller names them: the bucket of a rollout."""
    if not isinstance(subject, str) or len(subject) > SUBJECT_CHARS_MAX:
        raise BadRequest(f"`subject` is a string of at most {SUBJECT_CHARS_MAX} characters.")
    return subject


def accepts_gzip(headers: Headers) -> bool:
    """Whether gzip was asked for by name, and not with quality zero."""
    for name, value in headers:
        if name == b"accept-encoding":
            for member in value.decode("latin-1").lower().split(","):
                coding, _, quality = member.replace(" ", "").partition(";")
                if coding in ("gzip", "x-gzip"):
                    return not _QUALITY_ZERO.fullmatch(quality)
    return False
