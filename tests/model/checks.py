"""What must hold after every step, read from the tables themselves and from what a node would serve."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import select

from cuebook.audit import verify
from cuebook_server.delivery.board import Board
from cuebook_server.domain.audit import AuditFilter
from cuebook_server.domain.errors import CuebookError
from cuebook_server.services import audit, environments
from cuebook_server.store import schema
from cuebook_server.store.database import Database
from cuebook_server.store.guards import HISTORY
from tests.factories import Registry
from tests.people import PROJECT

if TYPE_CHECKING:
    from tests.model.world import Asked, Entries, World

Rows = list[Mapping[str, Any]]
Dump = Mapping[str, Rows]


_TABLES = {table.name: select(table).order_by(*table.primary_key) for table in schema.metadata.sorted_tables}


def everything(database: Database) -> Dump:
    """Every row of every table, in the order of their keys."""
    with database.read() as connection:
        return {name: [dict(row) for row in connection.execute(rows).mappings()] for name, rows in _TABLES.items()}


def history_stays(before: Dump, after: Dump) -> None:
    """Versions, changes, items, approvals, entries: nothing of it ever changes or goes (B-01, B-05, B-20)."""
    for table in HISTORY:
        if before[table] == after[table]:
            continue
        kept = {repr(row) for row in after[table]}
        assert all(repr(row) in kept for row in before[table]), f"{table} lost or changed a row"


class Chain:
    """The project's audit chain, checked entry by entry as it grows."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self.entries: list[Mapping[str, Any]] = registry.audit()  # type: ignore[assignment]  # a list is invariant
        assert verify(self.entries).intact

    def grew(self, world: World, asked: Asked, expected: Entries) -> None:
        """Exactly these entries came, by whoever asked and in that request (B-19, B-21)."""
        player = world.players[asked.who]
        for entry in self.new(world, expected):
            assert (entry["principal"], entry["request_id"]) == (player.principal, asked.key)
            assert entry["credential"] in player.token

    def new(self, world: World, expected: Entries) -> list[Mapping[str, Any]]:
        """Exactly these entries came, at this time, in one chain (B-20)."""
        seq, head = len(self.entries), self.entries[-1]["hash"]
        new = list(self._registry.ask(audit.entries, AuditFilter(), after=seq, limit=1_000))
        assert [(entry["action"], entry["target"]) for entry in new] == expected
        assert verify(new, previous=head, first=seq + 1).intact
        assert {entry["at"] for entry in new} <= {world.now.isoformat()}
        self.entries += new
        return new


def agrees(world: World) -> None:
    """The tables say what the model says."""
    rows = _Named(world)
    rows.prompts()
    rows.versions()
    rows.environments()
    rows.releases()
    secrets = [player.token for player in world.players.values()] + [key.secret for key in world.state.keys.values()]
    stored = repr(world.dump)
    assert not any(secret in stored for secret in secrets), "a secret stands in the database"


class _Named:
    """The tables of one project, with names instead of numbers."""

    def __init__(self, world: World) -> None:
        self.world, self.state = world, world.state
        self.project = next(row["project_id"] for row in world.dump["project"] if row["name"] == PROJECT)
        self.prompt = {row["prompt_id"]: row["name"] for row in self.of("prompt")}
        self.place = {row["environment_id"]: row["name"] for row in self.of("environment")}

    def of(self, table: str) -> Rows:
        return [row for row in self.world.dump[table] if row["project_id"] == self.project]

    def prompts(self) -> None:
        found = {row["name"]: (row["latest"], row["description"]) for row in self.of("prompt")}
        assert found == {p.name: (len(p.versions), p.description) for p in self.state.prompts.values()}
        aliases = {row["alias"]: self.prompt[row["prompt_id"]] for row in self.of("prompt_alias")}
        assert aliases == {alias: p.name for p in self.state.prompts.values() for alias in p.aliases}
        recalled = {(self.prompt[row["prompt_id"]], row["number"]) for row in self.of("recall")}
        assert recalled == {(p.name, number) for p in self.state.prompts.values() for number in p.recalled}
        imported = {(self.prompt[row["prompt_id"]], row["import_key"]): row["number"] for row in self.of("imported")}
        assert imported == {(p.name, key): number for p in self.state.prompts.values() for key, number in p.imported.items()}

    def versions(self) -> None:
        """Dense numbers, the text that was written, and a digest that anybody can compute again (B-01, B-03)."""
        found: dict[str, dict[int, Mapping[str, Any]]] = {}
        for row in self.of("version"):
            found.setdefault(self.prompt[row["prompt_id"]], {})[row["number"]] = row
        for prompt in self.state.prompts.values():
            assert list(found[prompt.name]) == list(range(1, len(prompt.versions) + 1))
            for row, version in zip(found[prompt.name].values(), prompt.versions, strict=True):
                body = json.loads(row["body"])
                told = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
                assert row["digest"] == f"sha256:{hashlib.sha256(told.encode()).hexdigest()}"
                assert (body["text"], body["model"]["name"]) == (version.content.text, version.content.model)
                assert body.get("includes", {}) == ({"tone": version.tone} if version.tone else {})
                assert json.loads(row["served"] or row["body"])["text"] == version.served
                assert (row["person"], row["created_at"]) == (version.person, version.at)

    def environments(self) -> None:
        """Pointers, their chains and their counters (B-10, B-11)."""
        for row in self.of("environment"):
            model = self.state.environments[row["name"]]
            assert (row["revision"], row["policy_revision"]) == (model.revision, model.policy_revision)
            assert json.loads(row["policy"]) == model.policy
            changes = [c for c in self.of("pointer_change") if c["environment_id"] == row["environment_id"]]
            told = [(c["revision"], self.prompt[c["prompt_id"]], c["before"], c["after"], c["cause"], c["at"]) for c in changes]
            model_told = [(m.revision, m.prompt, m.before, m.after, m.cause, m.at) for m in model.moves]
            assert sorted(told, key=lambda t: t[:2]) == sorted(model_told, key=lambda t: t[:2])
            now: dict[int, int | None] = {}
            for change in changes:
                assert change["before"] == now.get(change["prompt_id"]) or (model.tracks and change["prompt_id"] not in now)
                now[change["prompt_id"]] = change["after"]
            times = [change["at"] for change in changes]
            assert times == sorted(times), "an environment's history goes forward, whatever the clock does"
            if not model.tracks:
                pointers = [p for p in self.of("pointer") if p["environment_id"] == row["environment_id"]]
                assert {p["prompt_id"]: p["number"] for p in pointers} == now
        assert set(self.place.values()) == set(self.state.environments)

    def releases(self) -> None:
        found = {row["release_id"]: row for row in self.of("release")}
        assert list(found) == list(self.state.releases), "numbers are dense"
        approvals: dict[int, list[str]] = {}
        for row in self.of("approval"):
            approvals.setdefault(row["release_id"], []).append(row["person"])
        reviews = {row["release_id"]: "closed" if row["closed_at"] else "open" for row in self.of("review")}
        for number, release in self.state.releases.items():
            row = found[number]
            told = (self.place[row["environment_id"]], row["kind"], row["state"], row["revision"], row["author"], row["person"])
            expected = (release.environment, release.kind, release.state, release.revision, release.author, release.person)
            assert told == expected
            assert approvals.get(number, []) == [given.person for given in release.approvals]
            assert reviews.get(number, "") == release.review
            assert row["scheduled_at"] == (release.scheduled[0] if release.scheduled else None)
        items: dict[int, dict[str, tuple[int | None, int | None]]] = {number: {} for number in found}
        for row in self.of("release_item"):
            items[row["release_id"]][self.prompt[row["prompt_id"]]] = (row["number"], row["replaces"])
        assert items == {number: release.items for number, release in self.state.releases.items()}


def serves(world: World) -> None:
    """A node that hears of every change serves what the model says, and so does the status page; bytes never change (B-10)."""
    assert world.board.refresh_now()
    for environment, entries in served(world.board, world).items():
        expected = {p: world.state.serves(environment, p) for p in world.state.prompts}
        assert {name: number for name, (number, _, _) in entries.items()} == {k: v for k, v in expected.items() if v}
        for name, (number, digest, content) in entries.items():
            assert world.seen.setdefault((name, number), (digest, content)) == (digest, content)
    _, rows = world.registry.ask(environments.status, prompts=[], after="", limit=100)
    for row in rows:
        assert row.versions == {environment: world.state.serves(environment, row.prompt) for environment in row.versions}
    _keys(world)


def served(board: Board, world: World) -> dict[str, dict[str, tuple[int, str, str]]]:
    """By environment and prompt: number, digest and the text an application gets."""
    project = {row["name"]: row["project_id"] for row in world.dump["project"]}[PROJECT]
    return {
        snapshot.environment.name: {
            entry.name: (entry.number, entry.digest, orjson.loads(entry.body)["text"]) for entry in snapshot.entries.values()
        }
        for key, snapshot in board.environments.items()
        if key[0] == project
    }


def _keys(world: World) -> None:
    """Every key opens its own environment while it counts, and nothing after that (B-06..B-08)."""
    for selector, key in world.state.keys.items():
        grant = world.board.keys[hashlib.sha256(key.secret.encode()).digest()]
        environment = world.board.environments[grant.environment].environment.name
        assert (grant.selector, environment) == (selector, key.environment)
        try:
            grant.key.check(world.now, "127.0.0.1")
            counts = True
        except CuebookError as refusal:
            counts, _ = False, refusal
        assert counts == key.counts(world.now), f"{selector} counts: {counts}"


def finally_intact(world: World) -> None:
    """From the first entry to the last; and a node that starts now serves the same as one that followed every change."""
    assert verify(world.registry.audit()).intact
    fresh = Board(world.registry.source)
    assert fresh.refresh_now()
    assert served(fresh, world) == served(world.board, world)
