"""Where webhooks may go: the public internet over https, and what the operator let in besides.

An address somebody typed is a way to make this server ask for things only it can reach. So the text is read strictly here, and
every address its name resolves to is looked at again just before the connection, which then goes to exactly that address.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from cuebook_server.domain.errors import Invalid
from cuebook_server.domain.keys import Network

URL_CHARS_MAX = 2_000
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAME = re.compile(r"(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$")
# An IPv4 address in the last 32 bits of an IPv6 one, as translators write it (RFC 6052).
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")


class BadUrl(Invalid):
    """The address is not one that webhooks can go to."""

    code = "bad_url"
    hint = "Write `https://host/path`: a public host, no user name, no fragment."


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address taken apart. ``host`` is a name in lower case, or an IP address; ``target`` is path and query."""

    host: str
    port: int
    target: str
    secure: bool

    @property
    def authority(self) -> str:
        """The host as the `Host` header names it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"

    @property
    def shown(self) -> str:
        """The address without what may be a secret: many services know their callers by the path."""
        return f"{'https' if self.secure else 'http'}://{self.authority}"


@dataclass(frozen=True, slots=True)
class Reach:
    """What may be reached. ``networks``: let in by the operator, although they are not public."""

    networks: tuple[Network, ...] = ()

    def read(self, url: str) -> Endpoint:
        """Take an address apart; ``BadUrl`` says what is wrong with it. What its name resolves to is not known here."""
        if not url.isascii() or not url.isprintable() or len(url) > URL_CHARS_MAX or set(url) & set(' \\#<>"'):
            raise BadUrl("The address has a character that no plain URL has, or is too long.")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise BadUrl("The address cannot be read.") from None
        secure = parts.scheme == "https"
        if not secure and not (parts.scheme == "http" and self.networks):
            raise BadUrl("The address does not begin with https://.")
        if "@" in parts.netloc or port == 0 or parts.netloc.endswith(":"):
            raise BadUrl("The address has a user name, or no valid port.")
        host = _host(parts.hostname or "", bracketed=parts.netloc.startswith("["))
        end = Endpoint(
            host, port or (443 if secure else 80), (parts.path or "/") + (f"?{parts.query}" * bool(parts.query)), secure
        )
        if (literal := _literal(host)) and not self.lets([str(literal)], secure=secure):
            raise BadUrl("The address is not a public one.")
        return end

    def lets(self, addresses: Iterable[str], *, secure: bool) -> bool:
        """Whether all of the addresses a name resolved to may be reached. In the clear, only this machine itself may be."""
        found = [one for address in addresses for one in meant(ipaddress.ip_address(address.partition("%")[0]))]
        near = secure or all(one.is_loopback for one in found)
        return bool(found) and near and all(self._named(one) or is_public(one) for one in found)

    def _named(self, address: Address) -> bool:
        return any(address.version == network.version and address in network for network in self.networks)


def meant(address: Address) -> Iterator[Address]:
    """The addresses that one stands for: itself, and the IPv4 addresses that ways of carrying IPv4 in IPv6 put into it."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            yield address.ipv4_mapped
            return
        if address in _TRANSLATED:
            yield ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
            return
        yield from (inner for inner in (address.sixtofour, *(address.teredo or ())) if inner is not None)
    yield address


def is_public(address: Address) -> bool:
    """Whether an address is somebody's on the internet."""
    special = address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    local = address.is_private or address.is_link_local or getattr(address, "is_site_local", False)
    return address.is_global and not special and not local


def _host(host: str, *, bracketed: bool) -> str:
    host = host.removesuffix(".")
    if bracketed:
        if "%" in host or (literal := _literal(host)) is None:
            raise BadUrl("The address has brackets around what is no IPv6 address.")
        return str(literal)
    if _literal(host) is not None:
        return host
    # A last label that begins with a digit makes the whole an IPv4 address to some resolvers: octal, hexadecimal, one number.
    if not _NAME.fullmatch(host):
        raise BadUrl("The address names no host.", hint="Write names beyond ASCII as Punycode, IPv4 as four decimal numbers.")
    return host


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
