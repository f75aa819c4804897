"""Canonical JSON (RFC 8785), quickly: what is hashed and signed here is written by these bytes.

Most of it is texts, whole numbers and objects with ASCII names. Those the usual encoders write byte for byte as the RFC asks:
``orjson`` where it is installed (the server brings it), else the standard library's. Everything else goes to ``rfc8785``,
which is many times slower and knows every rule.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import partial
from importlib.util import find_spec
from typing import Any

import rfc8785

# Beyond these JSON readers begin to round, and the RFC refuses them.
INTEGER_MAX = 2**53 - 1
_LEAVES = frozenset({str, bool, type(None)})


def _standard() -> tuple[Callable[[bytes], Any], Callable[[Any], bytes]]:
    encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False).encode
    return lambda data: json.loads(data.decode()), lambda value: encode(value).encode()


def _quickest() -> tuple[Callable[[bytes], Any], Callable[[Any], bytes]]:
    """A reader of UTF-8, and a writer of plain values; both refuse with ``ValueError`` or ``TypeError``."""
    if find_spec("orjson") is None:
        return _standard()
    import orjson

    return orjson.loads, partial(orjson.dumps, option=orjson.OPT_SORT_KEYS)


read_quickly, _write = _quickest()


def dumps(value: Any) -> bytes:
    """The canonical bytes of a JSON value. Raises ``ValueError`` for what has none, such as NaN or a lone surrogate."""
    quick = plain_bytes(value)
    return rfc8785.dumps(value) if quick is None else quick


def plain_bytes(value: Any) -> bytes | None:
    """The canonical bytes of a value that is plain; ``None`` for every other.

    Plain: no number but whole ones within ±(2^53 - 1), names in ASCII only (the RFC sorts them by UTF-16, Python by code
    point: not the same beyond), Python's own types, and texts that UTF-8 can carry.
    """
    try:
        return _write(value) if _are_plain((value,)) else None
    except (ValueError, TypeError):  # a lone surrogate, or deeper than the encoder goes
        return None


def _are_plain(values: Iterable[Any]) -> bool:
    # A loop over all members rather than a call for each: it is on the way of every entry of an audit chain.
    for value in values:
        kind = type(value)
        if kind in _LEAVES:
            continue
        if kind is dict:
            plain = _has_plain_names(value) and _are_plain(value.values())
        elif kind is list:
            plain = _are_plain(value)
        else:
            plain = kind is int and -INTEGER_MAX <= value <= INTEGER_MAX
        if not plain:
            return False
    return True


def _has_plain_names(value: dict[Any, Any]) -> bool:
    try:
        return "".join(value).isascii()
    except TypeError:  # a name that is no text
        return False
