"""What looking at a draft needs from outside, as protocols. None of it reaches the network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from cuebook_server.domain.check import Secret


@dataclass(frozen=True, slots=True)
class Count:
    """How many tokens some texts have. ``by``: the tokenizer, in words; ``exact``: it is the model's own."""

    tokens: int
    by: str
    exact: bool


@dataclass(frozen=True, slots=True)
class Cost:
    """What so many tokens cost as a model's input, in US dollars; by which list of prices, as of when (``""``: not said)."""

    usd: float
    source: str
    as_of: str


class Secrets(Protocol):
    """Finds what looks like a credential."""

    def __call__(self, text: str) -> Iterable[Secret]: ...


class Tokens(Protocol):
    """Counts tokens as a model would, or close to it."""

    def count(self, texts: Sequence[str], provider: str, model: str) -> Count: ...


class Prices(Protocol):
    """Knows what models cost; ``None``: not this one."""

    def cost(self, tokens: int, provider: str, model: str) -> Cost | None: ...


@dataclass(frozen=True, slots=True)
class Aids:
    """What a draft is looked at with."""

    secrets: Secrets
    tokens: Tokens
    prices: Prices
