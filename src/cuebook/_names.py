"""Which names a prompt may have: the registry's grammar, known here so that a bad name never travels."""

from __future__ import annotations

import re

from cuebook.errors import Invalid

NAME_BYTES_MAX = 200
_SEGMENT = r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?"
_NAME = re.compile(rf"{_SEGMENT}(?:\.{_SEGMENT})*")


def legal_name(name: str) -> bool:
    """Whether ``name`` is a prompt name (200 bytes at most)."""
    # The length first: then backtracking costs 200 steps a segment at most.
    return len(name) <= NAME_BYTES_MAX and name.isascii() and _NAME.fullmatch(name) is not None


def checked_name(name: str) -> str:
    """The name, when it can be a prompt's. Raises ``Invalid``."""
    if not legal_name(name):
        hint = "Use segments of a-z, 0-9, `_` and `-` joined by dots, each starting and ending with a letter or digit."
        raise Invalid(f"{name[:60]!a} is not a prompt name.", hint=hint, code="bad_name")
    return name
