"""Canonical JSON (RFC 8785) and digests: the same content is the same bytes, whoever wrote it in whatever order."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any

from cuebook import canonical as canonical_json
from cuebook_server.domain.errors import BadContent, ContentTooLarge
from cuebook_server.domain.names import clip

CONTENT_BYTES_MAX = 1024 * 1024
DEPTH_MAX = 32
# The largest whole number every JSON reader keeps exactly.
INTEGER_MAX = 2**53 - 1
# From here on RFC 8785 writes an exponent, and what is read back is a float again.
_EXPONENT_FROM = 1e21


def canonical(value: Any) -> bytes:
    """The canonical bytes of a JSON value.

    Raises ``BadContent`` (with ``at``, a JSON pointer) for what RFC 8785 cannot carry or is nested deeper than 32 levels, and
    ``ContentTooLarge`` above 1 MiB.
    """
    check_json(value, "", DEPTH_MAX)
    data = canonical_json.dumps(value)
    if len(data) > CONTENT_BYTES_MAX:
        raise ContentTooLarge(f"The content has {len(data):,} bytes in canonical form; the limit is 1 MiB.", bytes=len(data))
    return data


def digest(data: bytes) -> str:
    """``sha256:`` and the hash in hex, of canonical bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def read_canonical(data: bytes) -> dict[str, Any]:
    """The document whose canonical bytes these are. Only for bytes that ``canonical`` wrote: checks nothing."""
    document: dict[str, Any] = json.loads(data)
    return document


def pointer(at: str, *steps: str | int) -> str:
    """One or more steps further down a JSON pointer (RFC 6901). Long keys are cut: they come from strangers."""
    return at + "".join(f"/{clip(str(step)).replace('~', '~0').replace('/', '~1')}" for step in steps)


def check_json(value: Any, at: str, depth: int) -> None:
    """Raise ``BadContent`` unless ``value`` is JSON that keeps its meaning everywhere."""
    if depth < 0:
        raise BadContent(f"It is nested deeper than {DEPTH_MAX} levels.", at=at)
    match value:
        case None | bool():
            pass
        case str():
            _check_string(value, at)
        case int() | float():
            _check_number(value, at)
        case list():
            for index, item in enumerate(value):
                check_json(item, pointer(at, index), depth - 1)
        case dict():
            for key, member in value.items():
                _check_key(key, at)
                check_json(member, pointer(at, key), depth - 1)
        case _:
            raise BadContent(f"{type(value).__name__} is no JSON value.", at=at)


def _check_key(key: object, at: str) -> None:
    if not isinstance(key, str):
        raise BadContent("A key is no string.", at=at)
    _check_string(key, at)


def _check_string(text: str, at: str) -> None:
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadContent("A string holds a lone surrogate, which UTF-8 cannot carry.", at=at) from None


def _check_number(number: float, at: str) -> None:
    if isinstance(number, float) and not math.isfinite(number):
        raise BadContent(f"{number} is no JSON number.", at=at)
    # Whole floats below 1e21 are written without a point, so they come back as integers and have to fit as such.
    if abs(number) > INTEGER_MAX and (isinstance(number, int) or abs(number) < _EXPONENT_FROM):
        raise BadContent(
            "A whole number is beyond ±(2^53 - 1), where JSON readers begin to round.",
            at=at,
            hint="Write it as a string.",
        )
