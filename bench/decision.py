"""What a decision takes: a release of 50 prompts, with 200 approvals in the history of its environment, and 200 of its own."""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.rows import Row
from cuebook_server.domain.decision import Approval
from cuebook_server.domain.release import Release
from cuebook_server.services import gates, releases
from cuebook_server.store.database import open_database
from cuebook_server.store.migrate import migrate
from tests.factories import Registry, chat, request
from tests.people import PROJECT, Person
from tests.support import databases

PROMPTS, APPROVALS, ROUNDS = 50, 200, 15
TARGET_MS = 50
NAMES = [f"support.team{number % 7}.prompt-{number}" for number in range(PROMPTS)]
SENTENCE = "Read the ticket of {{customer}}, decide how urgent it is, and answer in the tone of {{tone}}. "


def run() -> list[Row]:
    """On both databases: considered (nothing is written), looked at as a proposal, and applied."""
    folder = Path(tempfile.mkdtemp(prefix="cuebook-bench-"))
    run_folder = databases.begin_run()
    try:
        with databases.postgres_database() as postgres:
            return [*_measured("SQLite", _fresh(folder)), *_measured("PostgreSQL", postgres)]
    finally:
        databases.end_run(run_folder)
        shutil.rmtree(folder)


def _fresh(folder: Path) -> str:
    url = f"sqlite:///{folder / 'decision.db'}"
    database = open_database(url)
    migrate(database)
    database.close()
    return url


def _measured(kind: str, url: str) -> list[Row]:
    database = open_database(url)
    try:
        registry = Registry(database)
        reviewers = [registry.hire(f"reviewer{number}", "reviewer") for number in (1, 2)]
        _save(registry, 0)
        registry.rules(comes_from="staging", soak_s=3_600, approvals={"count": 2}, gates=["tone"], shrink_guard=True)
        for turn in range(APPROVALS // 2):
            _ship(registry, reviewers, turn)
        return _timed(registry, kind, reviewers)
    finally:
        database.close()


def _content(prompt: int, turn: int) -> dict[str, Any]:
    """About 400 words in two messages; every turn changes a sentence of the first."""
    return chat(
        f"You answer for desk {prompt}, edition {turn}. " + SENTENCE * 12,
        SENTENCE * 10 + "{{ticket}}",
        model={"provider": "openai", "name": "gpt-5.2", "parameters": {"temperature": 0.2}},
    )


def _save(registry: Registry, turn: int) -> None:
    """Every prompt anew, in staging for long enough, and passed by the gate."""
    for number, name in enumerate(NAMES):
        saved = registry.save(name, _content(number, turn))
        registry.do(gates.report, "tone", digest=saved.version.digest, suite_revision="1", passed=True)
    registry.promote(*NAMES, to="staging")
    registry.clock.tick(7_200)


def _ship(registry: Registry, reviewers: list[Person], turn: int) -> None:
    """One release of one prompt with two approvals."""
    name = NAMES[turn % PROMPTS]
    saved = registry.save(name, _content(turn % PROMPTS, 1_000 + turn))
    registry.do(gates.report, "tone", digest=saved.version.digest, suite_revision="1", passed=True)
    registry.promote(name, to="staging")
    registry.clock.tick(7_200)
    release = registry.propose(name)
    registry.approve(release, *reviewers)
    registry.do(releases.apply, release.release_id)


def _timed(registry: Registry, kind: str, reviewers: list[Person]) -> list[Row]:
    applied = []
    for turn in range(ROUNDS):
        waiting = _approved(registry, reviewers, turn)
        applied.append(_ms(registry.do, releases.apply, waiting.release_id))
    waiting = _approved(registry, reviewers, ROUNDS)
    _approved_by_many(registry, waiting)
    wanted = request("promote", "production", *NAMES)
    considered = [_ms(registry.ask, releases.consider, wanted) for _ in range(ROUNDS)]
    decided = [_ms(registry.ask, releases.find, waiting.release_id) for _ in range(ROUNDS)]
    what = f"{kind}: a release of {PROMPTS} prompts"
    return [
        Row(f"{what}, {APPROVALS} approvals before: considered", statistics.median(considered), "ms", None, TARGET_MS, "most"),
        Row(f"{what}, {APPROVALS} approvals of its own: decided", statistics.median(decided), "ms", None, TARGET_MS, "most"),
        Row(f"{what}: decided again and applied", statistics.median(applied), "ms"),
    ]


def _approved(registry: Registry, reviewers: list[Person], turn: int) -> Release:
    """A release of every prompt that may be applied."""
    _save(registry, 2_000 + turn)
    release = registry.propose(*NAMES)
    assert registry.approve(release, *reviewers).seen == "approved"
    return release


def _approved_by_many(registry: Registry, release: Release) -> None:
    """As many approvals of one release, by different people."""
    people = [registry.hire(f"person{number}", "reviewer").actor.principal for number in range(APPROVALS)]
    with registry.units.write() as uow:
        project = uow.projects.find(PROJECT)
        assert project is not None
        store = uow.scope(project).releases
        for who in people:
            given = Approval(who, frozenset({"reviewer"}), "read it", release.signature, registry.clock.now)
            store.add_approval(release, given, "bench")


def _ms(work: Callable[..., object], *arguments: object) -> float:
    started = time.perf_counter()
    work(*arguments)
    return (time.perf_counter() - started) * 1000
