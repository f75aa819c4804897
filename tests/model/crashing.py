"""Crashes between any two statements of every use case that writes: the whole effect or nothing, and one effect on retry.

Either in this process, where every statement fails in turn, or in a child that really ends (``os._exit``) before a statement,
at the commit, or after it but before anybody was answered. ``python -m tests.model.crashing URL`` does the latter: a process
of its own, because a process with threads should not fork.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import event

from cuebook_server.domain.release import Wanted
from cuebook_server.services.releases import Request
from cuebook_server.store.database import Database, open_database
from cuebook_server.store.unit_of_work import SqlUnits
from tests.model import changes, checks, contents, keys, moments
from tests.model.state import CONTENTS, TONE
from tests.model.world import Asked, World

STATEMENTS_MAX = 500
COMMIT = "COMMIT"
CUT = 3
At = Callable[[int, str], bool]  # of how many statements were sent, and the next one


class PowerCutError(Exception):
    """Here the process would have ended."""


@contextmanager
def before_statement(database: Database, at: At, then: Callable[[], None]) -> Iterator[list[str]]:
    """Call ``then`` before the statement (from 0; the commit counts as one) that is meant; yields what was sent so far."""
    sent: list[str] = []

    def statement(_: Any, __: Any, text: str, *___: Any) -> None:
        if at(len(sent), text):
            then()
        sent.append(text)

    def commit(_: Any) -> None:
        statement(None, None, COMMIT)

    event.listen(database.engine, "before_cursor_execute", statement)
    event.listen(database.engine, "commit", commit)
    try:
        yield sent
    finally:
        event.remove(database.engine, "before_cursor_execute", statement)
        event.remove(database.engine, "commit", commit)


def _cut() -> None:
    raise PowerCutError


def _nothing_of(world: World, asked: Asked, number: int) -> None:
    now = checks.everything(world.registry.database)
    assert now == world.dump, f"half an effect: {asked.name} crashed at statement {number} or before"


@dataclass
class EveryStatement:
    """Fails each statement of a step (or each ``stride``-th), and the commit; then it happens, and the answer is lost."""

    stride: int = 1
    crashed: dict[str, int] = field(default_factory=dict)

    def __call__(self, world: World, asked: Asked) -> Any:
        if asked.name in self.crashed:
            return None
        world.dump = checks.everything(world.registry.database)
        total = _fail(world, asked, lambda _, text: text == COMMIT)
        for number in range(0, total, self.stride):
            assert _fail(world, asked, lambda sent, _, number=number: sent == number) == number  # type: ignore[misc]  # a default
        _nothing_of(world, asked, total)  # what a crash left behind would still be there
        self.crashed[asked.name] = total
        return world.call(asked)[0]


def _fail(world: World, asked: Asked, at: At) -> int:
    """Fail a step at a statement; how many came before it."""
    try:
        with before_statement(world.registry.database, at, _cut) as sent:
            world.call(asked)
    except PowerCutError:
        return len(sent)
    raise AssertionError(f"{asked.name} was done")


@dataclass
class Killed:
    """A child does each step and ends half way, at the commit, and after the commit with nobody told.

    Half way is at another place in each use case; ``everywhere``: at every statement.
    """

    url: str
    everywhere: bool = False
    killed: dict[str, int] = field(default_factory=dict)

    def __call__(self, world: World, asked: Asked) -> Any:
        if asked.name in self.killed:
            return None
        world.dump = checks.everything(world.registry.database)
        total = _fail(world, asked, lambda _, text: text == COMMIT)
        half_way = range(total) if self.everywhere else (len(self.killed) * 7 % total,)
        for number in (*half_way, total):
            assert self._in_child(world, asked, number) is None
            _nothing_of(world, asked, number)
        self.killed[asked.name] = total
        done = self._in_child(world, asked, STATEMENTS_MAX)
        assert done is not None, f"{asked.name} did not end by itself"
        return done[0]

    def _in_child(self, world: World, asked: Asked, number: int) -> list[Any] | None:
        """What the step did in a child, alone in a list; ``None`` when the child was cut off before that statement."""
        world.registry.database.close()  # a connection is not taken across a fork
        reading, writing = os.pipe()
        if (child := os.fork()) == 0:
            self._die(world, asked, number, writing)
        os.close(writing)
        with open(reading, "rb") as pipe:  # noqa: PTH123  # a descriptor has no path
            told = pipe.read()
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert code in (0, CUT), f"the child went wrong in {asked.name}"
        return None if code == CUT else [pickle.loads(told)]

    def _die(self, world: World, asked: Asked, number: int, writing: int) -> None:
        """The child's end; nothing of Python's own clearing up comes after it."""
        database = open_database(self.url)
        try:
            with before_statement(database, lambda n, _: n == number, lambda: os._exit(CUT)):
                result = world.call(asked, SqlUnits(database, world.registry.clock))[0]
            os.write(writing, pickle.dumps(result))
            os._exit(0)
        finally:
            os._exit(1)


def everything_once(world: World) -> None:
    """A day in which every use case that writes happens once at least."""
    for name in (TONE, "a", "b"):
        contents.save(world, "author", name, CONTENTS[0])
        changes.release(world, "releaser", Request("staging", "promote", [Wanted(name)]))
    contents.import_one(world, "author", "c", CONTENTS[5], "k1", "about")
    contents.describe(world, "author", "a", "what it is for", ("old",))
    changes.release(world, "releaser", Request("production", "promote", [Wanted("a"), Wanted("b")], "first"))
    changes.rules(world, "owner", "production", {"gates": ["quality"]})
    changes.preset(world, "owner", "production", "team")
    contents.report(world, "reviewer", "quality", "1", "a", 1, (True, 0.5))
    contents.save(world, "author", "a", CONTENTS[1])
    changes.release(world, "releaser", Request("staging", "promote", [Wanted("a")]))
    contents.report(world, "reviewer", "quality", "1", "a", 2, (True, 0.5))
    changes.propose(world, "author", Request("production", "promote", [Wanted("a")], "better"))
    changes.comment(world, "reviewer", 6, "why?")
    changes.approve(world, "reviewer", 6, "read it", timedelta())
    changes.apply(world, "releaser", 6)
    _endings(world)
    _emergencies(world)
    _people(world)


def _endings(world: World) -> None:
    """Releases that never come to be, and one that is taken up again."""
    for kind in ("promote", "promote", "retire"):
        changes.propose(world, "author", Request("production", kind, [Wanted("a", None if kind == "retire" else 1)], "no more"))
    changes.end(world, "author", 7, "withdrawn", "no")
    changes.end(world, "reviewer", 8, "declined", "no")
    changes.release(world, "pager", Request("production", "rollback", [Wanted("a")], "it was better"))
    changes.rebase(world, "author", 9)
    moments.schedule(world, "releaser", 11, timedelta(hours=1))
    moments.unschedule(world, "releaser", 11)


def _emergencies(world: World) -> None:
    changes.break_glass(world, "pager", Request("production", "promote", [Wanted("a", 2)], "it burns"))
    changes.close_review(world, "reviewer", 12, "fine")
    contents.recall(world, "releaser", "a", 2, "harmful")
    changes.add_environment(world, "owner", "preview", tracks=True, source=None)


def _people(world: World) -> None:
    world.member("owner", "second", "releaser", "staging")
    world.member("owner", "second", "releaser", "staging", gone=True)
    keys.make_key(world, "owner", "production", 3_600)
    keys.rotate_key(world, "owner", next(iter(world.state.keys)), 60)
    keys.revoke_key(world, "owner", next(iter(world.state.keys)))
    keys.make_token(world, "owner", "helper", "author")
    keys.revoke_token(world, "owner", "robot")


def main(url: str, *, everywhere: bool = False) -> dict[str, int]:
    """Kill every use case; the number of statements of each."""
    around = Killed(url, everywhere)
    database = open_database(url)
    world = World(database, around)
    everything_once(world)
    world.check()
    checks.finally_intact(world)
    database.close()
    return around.killed


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1])))
