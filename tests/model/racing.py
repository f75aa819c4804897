"""Many at once on one pointer: whoever is acknowledged moved it, whoever is not hears who did (B-18)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from cuebook.audit import verify
from cuebook_server.domain.errors import CuebookError, PointerMoved
from cuebook_server.domain.release import Wanted
from cuebook_server.services import environments, prompts, releases
from cuebook_server.services.releases import Request
from cuebook_server.store.database import open_database
from cuebook_server.store.unit_of_work import SqlUnits
from tests.factories import Registry
from tests.people import PROJECT, Person

JOIN_SECONDS_MAX = 600
VERSIONS = 3


@dataclass(frozen=True, slots=True)
class Node:
    """One process's way to the database: connections, and a queue of writers, of its own."""

    units: SqlUnits

    def do(self, who: Person, use: Callable[..., Any], *args: Any) -> Any:
        with self.units.write() as uow:
            return use(who.at(uow.now), uow, PROJECT, *args)

    def ask(self, who: Person, use: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        with self.units.read() as uow:
            return use(who.actor, uow, PROJECT, *args, **kwargs)


@contextmanager
def two_nodes(registry: Registry) -> Iterator[list[Node]]:
    databases = [open_database(registry.database.url) for _ in range(2)]
    try:
        yield [Node(SqlUnits(database, registry.clock)) for database in databases]
    finally:
        for database in databases:
            database.close()


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Run all of them at the same moment; what each gave, or the refusal it met."""
    start, given = threading.Barrier(len(calls)), dict[int, Any]()

    def run(index: int) -> None:
        start.wait()
        try:
            given[index] = calls[index]()
        except CuebookError as refusal:
            given[index] = refusal

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(JOIN_SECONDS_MAX)
    assert len(given) == len(calls), "one of them fell over"
    return [given[index] for index in range(len(calls))]


@dataclass(slots=True)
class Tally:
    """What one promoter got: the revisions that were acknowledged; and of each loss, what the refusal told.

    That is by how much the winner's revision is above the one that was seen, and whether it names another version.
    """

    acked: list[int] = field(default_factory=list)
    lost: list[tuple[int, bool]] = field(default_factory=list)


def promote_often(node: Node, who: Person, times: int) -> Tally:
    """Read what is live and put the next version in its place, if it still is what is live."""
    tally = Tally()
    for _ in range(times):
        with node.units.read() as uow:
            seen = environments.one(who.actor, uow, PROJECT, "staging").revision
            live = prompts.version(who.actor, uow, PROJECT, "a", "staging").number
        wanted = Wanted("a", live % VERSIONS + 1, live, guarded=True)
        try:
            applied = node.do(who, releases.create, Request("staging", "promote", [wanted]))
            tally.acked.append(applied.revision)
        except PointerMoved as moved:
            tally.lost.append((moved.data["revision"] - seen, moved.data["theirs"] != live))
    return tally


def race(registry: Registry, promoters: int, times: int) -> dict[str, int]:
    """That many promoters at once on two nodes: how many were acknowledged, how many lost; and everything adds up."""
    for number in range(1, VERSIONS + 1):
        registry.save("a", f"text {number}")
    registry.promote("a@1", to="staging")
    people = [registry.hire(f"promoter-{number}", "releaser") for number in range(promoters)]
    with two_nodes(registry) as nodes:
        calls = [partial(promote_often, nodes[n % 2], who, times) for n, who in enumerate(people)]
        tallies: Sequence[Tally] = at_once(*calls)
    acked = sorted(revision for tally in tallies for revision in tally.acked)
    assert acked == list(range(2, len(acked) + 2)), "each acknowledged release raised the revision by one"
    assert registry.ask(environments.one, "staging").revision == len(acked) + 1
    chain_holds(registry, len(acked) + 1)
    lost = [told for tally in tallies for told in tally.lost]
    assert all(above > 0 and other for above, other in lost), "the loser hears the winner's revision and version"
    assert len(acked) + len(lost) == promoters * times
    return {"acknowledged": len(acked), "lost": len(lost)}


def chain_holds(registry: Registry, applied: int) -> None:
    """Every change begins where the one before ended, and every one stands in the audit once."""
    changes = registry.ask(environments.history, "staging", before=10**9, limit=10**6)[::-1]
    assert [change.revision for change in changes] == list(range(1, applied + 1))
    assert [change.before for change in changes[1:]] == [change.after for change in changes[:-1]]
    entries = registry.audit()
    assert verify(entries).intact
    told = [entry["revision"] for entry in entries if entry["action"] == "release.promote"]
    assert told == list(range(1, applied + 1))
