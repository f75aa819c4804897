"""What webhooks and notices need from outside, as protocols."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cuebook_server.domain.notice import Notice
from cuebook_server.domain.reach import Reach
from cuebook_server.domain.webhook import Attempt, Delivery, Outcome, Webhook


class Sealer(Protocol):
    """Keeps secrets that the server itself must use, by a key that lies outside the database."""

    def seal(self, secret: str) -> str: ...
    def open(self, sealed: str) -> str: ...


class Sender(Protocol):
    """Posts a message to an address, within a few seconds, and says what became of it. Never raises."""

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome: ...


@dataclass(frozen=True, slots=True)
class Outgoing:
    """How this server sends: where it may go, and how it keeps the secrets it signs with."""

    reach: Reach
    sealer: Sealer


class Webhooks(Protocol):
    """The webhooks of one project, and what is on its way to them."""

    def all(self) -> Sequence[Webhook]: ...
    def find(self, webhook_id: str) -> Webhook | None: ...
    def add(self, made: Webhook) -> None: ...
    def change(self, changed: Webhook) -> None: ...
    def remove(self, webhook_id: str) -> None: ...
    def ask_for(self, of: Webhook, asked: Mapping[int, str]) -> None:
        """Deliver these entries (number -> type) from now on, whether they were delivered before or not."""
        ...

    def claim(self, of: Webhook, until: datetime) -> Delivery | None:
        """Take the next delivery that is due: nobody else gets it before ``until``."""
        ...

    def settle(self, after: Delivery, attempt: Attempt) -> None:
        """Write a try down, and what became of its delivery unless that was claimed again since."""
        ...

    def deliveries(self, of: Webhook, before: int, limit: int) -> Sequence[Delivery]: ...
    def prune(self, before: datetime, limit: int) -> None: ...


class Outbox(Protocol):
    """What is on its way, of all projects: names of projects, and webhooks as (project, webhook id)."""

    def behind(self) -> Sequence[str]:
        """The projects whose chain has entries that a webhook was not held against."""
        ...

    def due(self, limit: int) -> Sequence[tuple[str, str]]:
        """Webhooks with something to send now, the one that waits longest first."""
        ...


class Notices(Protocol):
    """What people of one project are told."""

    def add(self, logins: Collection[str], seq: int, sentence: str, release_id: int | None) -> None: ...
    def holders(self, roles: Collection[str], environment: str, limit: int) -> Sequence[str]: ...
    def overtaken(self, release_id: int, limit: int) -> Sequence[tuple[int, str]]: ...


class MyNotices(Protocol):
    """What a person is told, of some projects."""

    def of(self, login: str, projects: Collection[int], before: int, limit: int) -> Sequence[Notice]: ...
    def unread(self, login: str, projects: Collection[int]) -> int: ...
    def read(self, login: str, projects: Collection[int], up_to: int) -> int: ...
