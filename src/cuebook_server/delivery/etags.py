"""Entity tags: made from the exact bytes, compared as RFC 9110 says."""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64encode

# One list member and what separates it from the next. A comma may stand inside the quotes, so splitting would be wrong.
_MEMBER = re.compile(rb'[ \t,]*(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?=,|\Z)')


def of(body: bytes) -> bytes:
    """The strong entity tag of exactly these bytes, quotes included."""
    return b'"' + urlsafe_b64encode(hashlib.sha256(body).digest())[:43] + b'"'


def matches(if_none_match: bytes, etag: bytes) -> bool:
    """Whether ``If-None-Match`` names the tag, by weak comparison (RFC 9110, 13.1.2): proxies weaken tags they pass on.

    Reading stops at the first member that is no entity tag; what cannot be read never matches, so the caller gets it whole.
    """
    if if_none_match == etag:
        return True
    position = 0
    while member := _MEMBER.match(if_none_match, position):
        if member[1] == etag:
            return True
        position = member.end()
    return if_none_match.strip(b" \t") == b"*"
