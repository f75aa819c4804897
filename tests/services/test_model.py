"""Whatever people do in whatever order, the registry agrees with a model of dictionaries, and the databases with each other."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from cuebook.audit import verify
from cuebook_server.domain.errors import CuebookError
from cuebook_server.domain.release import previous
from cuebook_server.services import credentials, environments, prompts
from cuebook_server.store.database import open_database
from tests.factories import Registry, item
from tests.support import databases

NAMES = ("a", "b", "c")
TEXTS = ("one", "two {{x}}", "three")
PINNED = ("staging", "production")
SOURCE = {"staging": "development", "production": "staging"}


@dataclass
class Model:
    """What should be: texts by number, what was live where, imported keys."""

    versions: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in NAMES})
    history: dict[tuple[str, str], list[int | None]] = field(default_factory=dict)
    imported: dict[tuple[str, str], int] = field(default_factory=dict)
    revisions: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("development", *PINNED), 0))

    def live(self, environment: str, name: str) -> int | None:
        if environment == "development":
            return len(self.versions[name]) or None
        return (self.history.get((environment, name)) or [None])[-1]

    def save(self, name: str, text: str) -> None:
        if self.versions[name][-1:] != [text]:
            self.versions[name].append(text)
            self.revisions["development"] += 1

    def ran(self, environment: str, name: str, number: int) -> bool:
        if environment == "development":
            return 1 <= number <= len(self.versions[name])
        return number in self.history.get((environment, name), [])

    def move(self, environment: str, moves: dict[str, int | None]) -> bool:
        """Whether there was anything to move."""
        real = {name: number for name, number in moves.items() if number != self.live(environment, name)}
        for name, number in real.items():
            self.history.setdefault((environment, name), []).append(number)
        self.revisions[environment] += bool(real)
        return bool(real)


class Steps:
    """One step on both sides: the registry does it exactly when the model says that it can."""

    def __init__(self, registry: Registry) -> None:
        self.registry, self.model = registry, Model()
        self.bytes: dict[tuple[str, int], tuple[str, bytes]] = {}
        self.entries = len(registry.audit())

    def agree(self, can: bool, do: Callable[[], object]) -> None:
        """``do`` succeeds exactly when it ``can``; refused, it leaves no entry."""
        before = len(self.registry.audit())
        refusal = None
        try:
            do()
        except CuebookError as error:
            refusal = error
        assert can == (refusal is None), refusal
        assert len(self.registry.audit()) == before + can

    def save(self, name: str, text: str) -> None:
        saved = self.registry.save(name, text)
        assert saved.created == (self.model.versions[name][-1:] != [text])
        self.model.save(name, text)

    def import_one(self, name: str, text: str, key: str) -> None:
        (result,) = self.registry.imported(item(name, text, key))
        if (name, key) not in self.model.imported:
            self.model.save(name, text)
            self.model.imported[name, key] = len(self.model.versions[name])
        assert result.version == self.model.imported[name, key]

    def promote(self, environment: str, wanted: dict[str, int]) -> None:
        can = all(self.model.ran(SOURCE[environment], name, number) for name, number in wanted.items())
        can = can and any(self.model.live(environment, name) != number for name, number in wanted.items())
        items = [f"{name}@{number}" for name, number in wanted.items()]
        self.agree(can, lambda: self.registry.promote(*items, to=environment))
        if can:
            self.model.move(environment, dict(wanted))

    def rollback(self, environment: str, name: str) -> None:
        target = previous(self.model.history.get((environment, name), []))
        self.agree(target is not None, lambda: self.registry.rollback(name, to=environment))
        if target is not None:
            self.model.move(environment, {name: target})

    def retire(self, environment: str, name: str) -> None:
        can = self.model.live(environment, name) is not None
        self.agree(can, lambda: self.registry.retire(name, to=environment))
        if can:
            self.model.move(environment, {name: None})

    def key(self, environment: str) -> None:
        self.agree(True, lambda: self.registry.do(credentials.create_key, environment=environment, name="k"))

    def check(self) -> None:
        """After every step: bytes never change, numbers are dense, pointers and chains are what the model says."""
        for name in NAMES:
            self._check_versions(name)
        for environment, revision in self.model.revisions.items():
            self._check_history(environment, revision)
        assert verify(self.registry.audit()).intact

    def _check_versions(self, name: str) -> None:
        texts = self.model.versions[name]
        if not texts:
            return
        assert self.registry.live(name) == {
            environment: self.model.live(environment, name) for environment in self.model.revisions
        }
        for number, text in enumerate(texts, 1):
            version = self.registry.ask(prompts.version, name, str(number))
            assert version.content["text"] == text
            assert self.bytes.setdefault((name, number), (version.digest, repr(version).encode())) == (
                version.digest,
                repr(version).encode(),
            )

    def _check_history(self, environment: str, revision: int) -> None:
        rows = self.registry.ask(environments.history, environment, before=10**6, limit=1_000)
        assert self.registry.ask(environments.one, environment).revision == revision
        assert {row.revision for row in rows} == set(range(1, revision + 1))
        now: dict[str, int | None] = {}
        for row in reversed(rows):
            assert row.before == now.get(row.prompt), "from(i) is to(i-1)"
            now[row.prompt] = row.after


names, numbers, pinned = st.sampled_from(NAMES), st.integers(1, 4), st.sampled_from(PINNED)


class Machine(RuleBasedStateMachine):
    """What Hypothesis may choose from."""

    url: str

    def __init__(self) -> None:
        super().__init__()
        self.database = open_database(self.url)
        self.steps = Steps(Registry(self.database))

    def teardown(self) -> None:
        self.database.close()

    @rule(name=names, text=st.sampled_from(TEXTS))
    def save(self, name: str, text: str) -> None:
        self.steps.save(name, text)

    @rule(name=names, text=st.sampled_from(TEXTS), key=st.sampled_from(("k1", "k2")))
    def import_one(self, name: str, text: str, key: str) -> None:
        self.steps.import_one(name, text, key)

    @rule(environment=pinned, wanted=st.dictionaries(names, numbers, min_size=1))
    def promote(self, environment: str, wanted: dict[str, int]) -> None:
        self.steps.promote(environment, wanted)

    @rule(environment=pinned, name=names)
    def rollback(self, environment: str, name: str) -> None:
        self.steps.rollback(environment, name)

    @rule(environment=pinned, name=names)
    def retire(self, environment: str, name: str) -> None:
        self.steps.retire(environment, name)

    @rule(environment=pinned)
    def key(self, environment: str) -> None:
        self.steps.key(environment)

    @invariant()
    def agrees(self) -> None:
        self.steps.check()


def test_sqlite_agrees_with_the_model() -> None:
    with tempfile.TemporaryDirectory() as folder:
        fresh = iter(range(10_000))

        class OnSqlite(Machine):
            @property
            def url(self) -> str:  # type: ignore[override]  # every run has a file of its own
                path = Path(folder) / f"{next(fresh)}.db"
                shutil.copy(databases.sqlite_template(), path)
                return f"sqlite:///{path}"

        short = settings(max_examples=12, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck))
        run_state_machine_as_test(OnSqlite, settings=short)


def transcript(url: str, seed: int, length: int) -> list[Any]:
    """What people saw in a series of steps that a seed decides; the clock and the names are the same each time."""
    database = open_database(url)
    try:
        steps, chance = Steps(Registry(database)), random.Random(seed)
        for _ in range(length):
            step(steps, chance)
            steps.registry.clock.tick()
        steps.check()
        told = [(e["action"], e["target"], e["at"], e["reason"], e["after"]) for e in steps.registry.audit()]
        return [entry for entry in told if not entry[0].startswith(("key", "token"))]  # selectors are random
    finally:
        database.close()


def step(steps: Steps, chance: random.Random) -> None:
    name, environment, number = chance.choice(NAMES), chance.choice(PINNED), chance.randint(1, 4)
    text, key = chance.choice(TEXTS), chance.choice(("k1", "k2"))
    possible: list[Callable[[], None]] = [
        lambda: steps.save(name, text),
        lambda: steps.import_one(name, text, key),
        lambda: steps.promote(environment, {name: number, chance.choice(NAMES): 1}),
        lambda: steps.rollback(environment, name),
        lambda: steps.retire(environment, name),
        lambda: steps.key(environment),
    ]
    chance.choice(possible)()


@pytest.mark.postgres
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_same_steps_give_the_same_on_both_databases(sqlite_url: str, postgres_url: str, seed: int) -> None:
    assert transcript(sqlite_url, seed, 40) == transcript(postgres_url, seed, 40)
