"""Which names are legal. Dots are the folders; every name is safe in a URL as it is."""

from __future__ import annotations

import re

from cuebook_server.domain.errors import BadName

NAME_BYTES_MAX = 200
# The length is checked first, so a name that backtracks costs 200 steps at most a segment.
_SEGMENT = r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?"
_PROMPT = re.compile(rf"{_SEGMENT}(?:\.{_SEGMENT})*")
_SLUG = re.compile(_SEGMENT)
SLUG_BYTES_MAX = 64
# Words that stand where an environment's name may stand (`cuebook diff NAME latest production`).
_RESERVED = frozenset({"latest", "stable"})


def prompt_name(name: str) -> str:
    """Return ``name`` when it is a legal prompt name, else raise ``BadName``."""
    if len(name) > NAME_BYTES_MAX or not name.isascii() or not _PROMPT.fullmatch(name):
        raise BadName(f"{clip(name)!r} is not a prompt name.")
    return name


def slug(name: str, *, what: str) -> str:
    """Return ``name`` when it can name a project or an environment (one segment, 64 bytes, not all digits)."""
    if len(name) > SLUG_BYTES_MAX or not name.isascii() or not _SLUG.fullmatch(name) or name.isdigit() or name in _RESERVED:
        raise BadName(
            f"{clip(name)!r} cannot name {what}.",
            hint="Use a-z, 0-9, `_` and `-` (64 bytes at most), not only digits, and neither `latest` nor `stable`.",
        )
    return name


def clip(text: str, limit: int = 60) -> str:
    """Shorten what a stranger sent before it is quoted in a message."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
