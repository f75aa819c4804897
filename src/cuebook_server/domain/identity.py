"""Who somebody is at an identity provider, and the way there and back."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trip:
    """A way to the provider and back: where it leads, and what must come back unchanged."""

    url: str
    state: str
    nonce: str
    code_verifier: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a provider says somebody is. ``login`` is a wish only; it never leads to an account that exists."""

    issuer: str
    subject: str
    login: str = ""
    name: str = ""
