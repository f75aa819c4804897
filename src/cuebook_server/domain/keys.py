"""Credentials: how they look, how they are stored, when they count.

``cue_<kind>_<selector>_<secret>_<checksum>``: the selector finds the row, the secret's SHA-256 is compared, and the checksum
(CRC-32) lets a secret scanner and the server reject a typing error without the database. 256 random bits need no slow hash.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from cuebook_server.domain.access import PERMISSIONS, Permission, Role
from cuebook_server.domain.environment import KINDS
from cuebook_server.domain.errors import Invalid, KeyExpired, KeyRevoked, OutsideNetwork, UnknownKey

CredentialKind = Literal["dev", "stg", "prd", "other", "rly", "svc", "pat"]
SELECTOR_BYTES, SECRET_BYTES = 8, 32
NETWORKS_MAX = 32
KEY_NAME_CHARS_MAX = 100
_FORM = re.compile(r"cue_(dev|stg|prd|other|rly|svc|pat)_([a-z2-7]{13})_([a-z2-7]{52})_([0-9a-f]{8})")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class UnknownScope(Invalid):
    """There is no such scope."""

    code = "unknown_scope"
    hint = f"Scopes are permissions: {', '.join(sorted(PERMISSIONS))}."


class BadNetwork(Invalid):
    """A network is not valid."""

    code = "bad_network"
    hint = "Write networks as CIDR: `10.0.0.0/8`, `2001:db8::/32`."


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential in the hands of its bearer: shown once, never stored."""

    kind: CredentialKind
    selector: str
    token: str = field(repr=False)  # a traceback or a log line that shows this object must not show it

    @property
    def verifier(self) -> str:
        """What is stored: the SHA-256 of the whole token, in hex."""
        return hashlib.sha256(self.token.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class DeliveryKey:
    """A key of one environment: reads what it serves, nothing else. ``took_all_at``: when it last took all of it at once.

    relays: a relay's key reads these environments of the project and who may read them; ``environment`` is the first of them.
    """

    selector: str
    verifier: str
    project_id: int
    environment_id: int
    environment: str
    name: str
    created_by: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    replaced_by: str | None = None
    networks: tuple[str, ...] = ()
    last_used_at: datetime | None = None
    took_all_at: datetime | None = None
    relays: tuple[str, ...] = ()

    def check(self, now: datetime, address: str) -> None:
        """Raise unless the key counts now and from that address."""
        if self.revoked_at is not None:  # whatever the clock says: one that is set back must not revive it
            raise KeyRevoked
        if self.expires_at is not None and self.expires_at <= now:
            raise KeyExpired
        if self.networks and not within(self.networks, address):
            raise OutsideNetwork


@dataclass(frozen=True, slots=True)
class Token:
    """A service token: a role in one project, or (``project_id`` is ``None``) in all, perhaps narrowed to ``scopes``.

    ``owner``: the login of whoever made it, where a person did. It stands for no person: it never approves.
    """

    selector: str
    verifier: str
    project_id: int | None
    name: str
    role: Role
    created_by: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    owner: str | None = None
    scopes: frozenset[Permission] | None = None

    def administers(self, now: datetime) -> bool:
        """Whether it can look after the whole instance now."""
        ended = self.revoked_at is not None or (self.expires_at is not None and self.expires_at <= now)
        return not ended and self.project_id is None and self.role == "admin" and self.scopes is None


@dataclass(frozen=True, slots=True)
class PersonalToken:
    """A person's own token: their present rights, perhaps narrowed. With ``session`` it is that session's bearer form."""

    selector: str
    verifier: str
    person_id: int
    name: str
    created_at: datetime
    scopes: frozenset[Permission] | None = None
    session: str | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None


def mint(kind: CredentialKind, random: bytes) -> Credential:
    """Make a credential from 40 random bytes."""
    encoded = [
        base64.b32encode(part).decode().lower().rstrip("=") for part in (random[:SELECTOR_BYTES], random[SELECTOR_BYTES:])
    ]
    body = f"cue_{kind}_{encoded[0]}_{encoded[1]}"
    return Credential(kind, encoded[0], f"{body}_{checksum(body)}")


def read(token: str) -> Credential:
    """Read a token's form and checksum; whether it is known is the store's business."""
    match = _FORM.fullmatch(token)
    if match is None:
        raise UnknownKey("This is not a Cuebook credential.")
    if checksum(token[: match.start(4) - 1]) != match[4]:
        raise UnknownKey("The key's checksum is wrong.", hint="A character was lost or changed: copy the key again.")
    return Credential(match[1], match[2], token)  # type: ignore[arg-type]  # the pattern allows only these kinds


def checksum(body: str) -> str:
    """CRC-32 of everything before the last underscore, as eight hexadecimal digits."""
    return f"{zlib.crc32(body.encode()):08x}"


def scopes(names: Iterable[str] | None) -> frozenset[Permission] | None:
    """Read what a token is narrowed to; ``None``: it is not. Looking comes with every scope."""
    if names is None:
        return None
    wanted = frozenset(names)
    if unknown := sorted(wanted - PERMISSIONS):
        raise UnknownScope(f"{unknown[0][:40]!r} is no scope.")
    return frozenset(permission for permission in PERMISSIONS if permission in wanted) | {"read"}


def is_delivery(credential: Credential) -> bool:
    """Whether the credential is a delivery key by its form."""
    return credential.kind in (*KINDS, "rly")


def networks(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Read CIDR networks, in normal form."""
    if len(texts) > NETWORKS_MAX:
        raise BadNetwork(f"{len(texts)} networks.", hint=f"At most {NETWORKS_MAX}.")
    try:
        return tuple(str(ipaddress.ip_network(text)) for text in texts)
    except ValueError as error:
        raise BadNetwork(str(error)) from None


def within(allowed: tuple[str, ...], address: str) -> bool:
    """Whether the address lies in one of the networks; IPv4 in its IPv6 form counts as IPv4."""
    try:
        caller = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(caller, ipaddress.IPv6Address) and caller.ipv4_mapped:
        caller = caller.ipv4_mapped
    return any(caller in ipaddress.ip_network(network) for network in allowed)
