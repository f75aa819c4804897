"""Short words for what tests need again and again: contents, a clock, and a registry whose use cases are one call away."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import InitVar, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Concatenate, ParamSpec, TypeVar

from cuebook_server.domain.access import Actor, Role
from cuebook_server.domain.audit import AuditFilter
from cuebook_server.domain.prompt import Provenance, Saved
from cuebook_server.domain.release import Kind, Release, Wanted
from cuebook_server.services import audit, environments, imports, prompts, releases
from cuebook_server.services.ports import UnitOfWork
from cuebook_server.store.database import Database, open_database
from cuebook_server.store.snapshots import SqlSnapshotSource
from cuebook_server.store.unit_of_work import SqlUnits
from tests.people import PROJECT, People, Person, hired, settle

T = TypeVar("T")
P = ParamSpec("P")
UseCase = Callable[Concatenate[Actor, UnitOfWork, str, P], T]
START = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


def text(content: str, **more: Any) -> dict[str, Any]:
    """A text prompt."""
    return {"kind": "text", "text": content, **more}


def chat(*contents: str, **more: Any) -> dict[str, Any]:
    """A chat prompt whose messages come from the system and the user in turn."""
    roles = ("system", "user")
    return {"kind": "chat", "messages": [{"role": roles[i % 2], "content": c} for i, c in enumerate(contents)], **more}


def item(name: str, content: str, key: str | None = None, **about: Any) -> imports.Wanted:
    """A thing to import, known by its key."""
    provenance = Provenance("git", import_key=key, commit="c0ffee") if key else None
    return imports.Wanted(name, prompts.Draft(text(content), "imported", None, provenance), about)


@dataclass
class Clock:
    """A clock that goes when it is told to."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def tick(self, seconds: float = 60) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now


@dataclass
class Registry:
    """A settled registry on a real database. Every use case runs as the owner unless told otherwise."""

    database: Database
    clock: Clock = field(default_factory=Clock)
    known: InitVar[People | None] = None  # who is there already

    def __post_init__(self, known: People | None) -> None:
        self.units = SqlUnits(self.database, self.clock)
        self.people = known or settle(self.units)
        self.source = SqlSnapshotSource(self.database)

    def do(self, use: UseCase[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a use case that writes."""
        return self.do_as(self.people.owner, use, *args, **kwargs)

    def do_as(self, who: Person, use: UseCase[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        with self.units.write() as uow:
            return use(who.at(self.clock.now), uow, PROJECT, *args, **kwargs)

    def ask(self, use: UseCase[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a use case that reads."""
        with self.units.read() as uow:
            return use(self.people.owner.actor, uow, PROJECT, *args, **kwargs)

    def hire(self, name: str, role: Role) -> Person:
        with self.units.write() as uow:
            return hired(uow, self.people.owner, name, role)

    # --- the use cases that nearly every test needs ------------------------------------------------------------------
    def save(self, name: str, content: str | dict[str, Any], *, message: str = "", base: int | None = None) -> Saved:
        document = text(content) if isinstance(content, str) else content
        return self.do(prompts.save, name, prompts.Draft(document, message, base))

    def release(self, kind: Kind, environment: str, *items: str | Wanted, reason: str = "because") -> Release:
        return self.do(releases.create, request(kind, environment, *items, reason=reason))

    def promote(self, *items: str | Wanted, to: str, reason: str = "because") -> Release:
        """Promote ``name`` (what the source serves) or ``name@2``."""
        return self.release("promote", to, *items, reason=reason)

    def ship(self, name: str, version: int) -> None:
        """Promote a version to staging and to production."""
        for environment in ("staging", "production"):
            self.promote(f"{name}@{version}", to=environment)

    def rollback(self, *items: str | Wanted, to: str = "production", reason: str = "it was better") -> Release:
        return self.release("rollback", to, *items, reason=reason)

    def retire(self, *items: str, to: str = "production") -> Release:
        return self.release("retire", to, *items)

    def propose(
        self, *items: str | Wanted, to: str = "production", who: Person | None = None, kind: Kind = "promote"
    ) -> Release:
        return self.do_as(who or self.people.owner, releases.propose, request(kind, to, *items))

    def approve(self, release: Release, *people: Person) -> releases.Standing:
        """Approved by everybody, one after another; how it stands then."""
        for who in people:
            self.do_as(who, releases.approve, release.release_id, "read it")
        return self.ask(releases.find, release.release_id)

    def rules(self, environment: str = "production", **policy: object) -> None:
        """Change an environment's policy."""
        self.do(environments.change, environment, policy=policy)

    def imported(self, *items: imports.Wanted) -> Sequence[imports.Result]:
        return self.do(imports.run, items)

    # --- what can be seen --------------------------------------------------------------------------------------------
    def live(self, name: str) -> dict[str, int | None]:
        """What is live where, as the status page says."""
        _, rows = self.ask(environments.status, prompts=[name], after="", limit=10)
        return dict(rows[0].versions)

    def served(self, name: str, environment: str = "production") -> bytes:
        """The bytes a node would serve; empty when the prompt was retired there."""
        found = self.ask(environments.one, environment)
        state = self.source.environment((found.project_id, found.environment_id))
        assert state is not None
        return next(version.content for version in state.versions if version.name == name)

    def audit(self) -> list[dict[str, Any]]:
        """The whole chain of the project."""
        return [dict(entry) for entry in self.ask(audit.entries, AuditFilter(), after=0, limit=100_000)]


def request(kind: Kind, environment: str, *items: str | Wanted, reason: str = "because") -> releases.Request:
    """A release as somebody asks for it; an item is ``name`` or ``name@version``."""
    return releases.Request(environment, kind, [wanted(i) for i in items], reason)


def wanted(item: str | Wanted) -> Wanted:
    if isinstance(item, Wanted):
        return item
    name, _, number = item.partition("@")
    return Wanted(name, int(number) if number else None)


@contextmanager
def open_registry(url: str, known: People | None = None) -> Iterator[Registry]:
    """A settled registry on a migrated database, which is empty unless it is known who is there."""
    database = open_database(url)
    try:
        yield Registry(database, known=known)
    finally:
        database.close()
