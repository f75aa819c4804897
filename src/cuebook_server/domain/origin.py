"""Under which names the server is known here, and which pages are its own."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Place:
    """``listens_on`` is the server's address; ``public_url``, where set, the one people use."""

    listens_on: str
    public_url: str = ""

    def knows(self, host: str) -> bool:
        """Whether a Host header names this server: another page whose name was pointed at this machine would pass for ours."""
        if not (self.public_url or is_loopback(self.listens_on)):
            return True
        called = hostname(host)
        return is_loopback(called) or called in {self.listens_on.lower(), urlsplit(self.public_url).hostname}

    def is_own(self, origin: str, host: str) -> bool:
        """Whether an Origin header is that of a page of this server."""
        return origin.lower() in {f"http://{host}", f"https://{host}", origin_of(self.public_url)} - {""}


def is_confidential(origin: str) -> bool:
    """Whether nobody can listen to what a page of this origin sends."""
    scheme, _, host = origin.lower().partition("://")
    return scheme == "https" or is_loopback(hostname(host))


def is_loopback(name: str) -> bool:
    """Whether a host's name or address means the machine itself."""
    if name.lower() == "localhost" or name.lower().endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def hostname(host: str) -> str:
    """The name or address in a Host header, without its port; empty when it cannot be read."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def origin_of(url: str) -> str:
    """The origin of an address; empty for none."""
    parts = urlsplit(url.lower())
    return f"{parts.scheme}://{parts.netloc}" if url else ""
