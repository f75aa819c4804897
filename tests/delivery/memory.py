"""A registry in memory: the smallest ``SnapshotSource`` that keeps the rules a node relies on."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any

import rfc8785

from cuebook_server.domain.environment import Environment, Kind
from cuebook_server.domain.fleet import Instance
from cuebook_server.domain.keys import CredentialKind, DeliveryKey, mint
from cuebook_server.domain.policy import Policy
from cuebook_server.services.ports import (
    Directory,
    EnvironmentKey,
    EnvironmentState,
    Fetched,
    Heads,
    History,
    Recalls,
    ServedVersion,
)

SOME_TIME = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
PROJECT = 1


def text(content: str, **more: Any) -> dict[str, Any]:
    """The content of a text prompt."""
    return {"kind": "text", "engine": "simple", "text": content, **more}


@dataclass
class Held:
    """An environment and what moved in it: (revision, version) in order."""

    environment: Environment
    moves: list[tuple[int, ServedVersion]] = field(default_factory=list)


class MemorySource:
    """``down`` makes every call fail; ``calls`` counts what was asked, to show what never touches the database."""

    def __init__(self) -> None:
        self.registry, self.epoch, self.keyset, self.down = "one", 1, 0, False
        self.writable, self.moved = True, False
        self.history: dict[int, tuple[int, str]] = {}
        self.calls: list[str] = []
        self.noted: dict[str, datetime] = {}
        self.instances: list[Instance] = []
        self.noted_fetches: dict[Fetched, datetime] = {}
        self.held: dict[EnvironmentKey, Held] = {}
        self.versions: dict[tuple[int, str], list[bytes]] = {}
        self.aliases: dict[int, dict[str, str]] = {}
        self.renamings = 0
        self.recalls: list[tuple[int, str, int]] = []
        self.delivery_keys: dict[str, DeliveryKey] = {}
        self.changed = threading.Event()
        self._ids, self._random = count(1), Random(7)

    # --- what people do ----------------------------------------------------------------------------------------------
    def add_environment(
        self, name: str, kind: Kind = "other", *, tracks: bool = False, project: int = PROJECT
    ) -> EnvironmentKey:
        key = (project, next(self._ids))
        policy = Policy(latest_allowed=tracks)
        self.held[key] = Held(Environment(project, key[1], name, kind, key[1], tracks, policy, 1, 0, SOME_TIME))
        return key

    def add_key(self, key: EnvironmentKey, kind: CredentialKind = "dev", **changes: Any) -> str:
        credential = mint(kind, self._random.randbytes(40))
        name = self.held[key].environment.name
        row = DeliveryKey(credential.selector, credential.verifier, *key, name, "a key", "someone", SOME_TIME)
        self.change_key(replace(row, **changes))
        return credential.token

    def change_key(self, row: DeliveryKey) -> None:
        self.delivery_keys[row.selector] = row
        self.keyset += 1

    def save(self, name: str, content: Mapping[str, Any], project: int = PROJECT) -> int:
        versions = self.versions.setdefault((project, name), [])
        versions.append(rfc8785.dumps(dict(content)))
        for key, held in self.held.items():
            if key[0] == project and held.environment.tracks_latest:
                self.release(key, name, len(versions))
        return len(versions)

    def release(self, key: EnvironmentKey, name: str, number: int | None) -> int:
        held, revision = self.held[key], self._raised(key)
        held.moves.append((revision, self._served(key[0], name, number)))
        self.changed.set()
        return revision

    def release_all(self, key: EnvironmentKey) -> None:
        """Everything there is at its newest version, as one release."""
        held, revision = self.held[key], self._raised(key)
        ids = {address: prompt_id for prompt_id, address in enumerate(self.versions, 1)}
        for project, name in self.versions:
            served = self._served(project, name, len(self.versions[project, name]), ids[project, name])
            held.moves.append((revision, served))

    def _raised(self, key: EnvironmentKey) -> int:
        """The environment's next revision, a second after the one before."""
        before = self.held[key].environment
        after = replace(before, revision=before.revision + 1, updated_at=before.updated_at + timedelta(seconds=1))
        self.held[key].environment = after
        return after.revision

    def alias(self, old: str, new: str, project: int = PROJECT) -> None:
        self.aliases.setdefault(project, {})[old] = new
        self.renamings += 1

    def set_policy(self, key: EnvironmentKey, policy: Policy) -> None:
        environment = self.held[key].environment
        self.held[key].environment = replace(environment, policy=policy, policy_revision=environment.policy_revision + 1)

    # --- what a node asks --------------------------------------------------------------------------------------------
    def heads(self, seen: History | None = None) -> Heads:
        self._asked("heads")
        environments = {k: (h.environment.revision, h.environment.policy_revision) for k, h in self.held.items()}
        count = len(self.versions) + self.renamings
        recalls = {project: len(self.recalls) for project, _ in self.held}
        return Heads(
            self.epoch,
            self.keyset,
            {project: count for project, _ in self.held},
            environments,
            recalls,
            self.registry,
            writable=self.writable,
            history=dict(self.history),
            continues=all(self.history.get(project) == end for project, end in (seen or {}).items()),
            moved=self.moved,
        )

    def directory(self, project_id: int) -> Directory:
        self._asked("directory")
        names = frozenset(name for project, name in self.versions if project == project_id)
        return Directory(names, dict(self.aliases.get(project_id, {})))

    def environment(self, key: EnvironmentKey, since: int | None = None) -> EnvironmentState | None:
        self._asked("environment")
        held = self.held.get(key)
        if held is None:
            return None
        newest = {version.name: version for revision, version in held.moves if revision > (since or 0)}
        environment = held.environment
        return EnvironmentState(key, "shop", environment, self.epoch, environment.revision, since, list(newest.values()))

    def keys(self) -> Sequence[DeliveryKey]:
        self._asked("keys")
        return list(self.delivery_keys.values())

    def recalled(self, project_id: int) -> Recalls:
        self._asked("recalled")
        places = list(self.versions)
        return {
            (places.index((p, name)) + 1, number): frozenset(
                key[1] for key, held in self.held.items() if any((v.name, v.number) == (name, number) for _, v in held.moves)
            )
            for p, name, number in self.recalls
            if p == project_id
        }

    def version(self, key: EnvironmentKey, name: str, number: int) -> tuple[ServedVersion, bool] | None:
        self._asked("version")
        if not 1 <= number <= len(self.versions.get((key[0], name), [])):
            return None
        live = any(moved.name == name and moved.number == number for _, moved in self.held[key].moves)
        return self._served(key[0], name, number), live

    def used(self, selectors: Mapping[str, datetime]) -> None:
        self._asked("used")
        self.noted.update(selectors)

    def fetched(self, fetched: Mapping[Fetched, datetime]) -> None:
        self._asked("fetched")
        self.noted_fetches.update(fetched)

    def heard(self, instances: Sequence[Instance]) -> None:
        self._asked("heard")
        self.instances.extend(instances)

    def forget_instances(self, now: datetime) -> None:
        self._asked("forget_instances")

    def hints(self) -> Iterator[None]:
        self._asked("hints")
        while True:
            yield
            self.changed.wait(0.05)
            self.changed.clear()

    def _asked(self, what: str) -> None:
        self.calls.append(what)
        if self.down:
            raise ConnectionError("the database is away")

    def _served(self, project: int, name: str, number: int | None, prompt_id: int = 0) -> ServedVersion:
        versions = self.versions[project, name]
        content = versions[number - 1] if number else b""
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        prompt_id = prompt_id or list(self.versions).index((project, name)) + 1
        return ServedVersion(prompt_id, name, number, len(versions), digest, content, SOME_TIME)
