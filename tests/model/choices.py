"""Everything a person can do, with what there is to choose from. Hypothesis chooses, or a seed does: the steps are the same."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol, TypeVar

from cuebook_server.domain.release import Wanted
from cuebook_server.services.releases import Request
from tests.model import changes, contents, keys, moments
from tests.model.state import CONTENTS, TONE
from tests.model.world import NOBODY, World

T = TypeVar("T")


class Pick(Protocol):
    """Chooses one of several."""

    def __call__(self, of: Sequence[T], /) -> T: ...


def by_seed(chance: random.Random) -> Pick:
    return chance.choice


NAMES = ("a", "a", "b", "b", TONE, "old")
ALIASES: tuple[tuple[str, ...], ...] = ((), ("old",), ("older",), ("b",))
PINNED = ("staging", "staging", "production", "production", "production") * 3
REASONS = ("because",) * 7 + (" ",)
LOGINS = ("author", "reviewer", "second", "releaser", "pager", NOBODY)
ROLES = ("viewer", "author", "reviewer", "releaser", "on-call")
NAN = float("nan")
SAID: tuple[tuple[bool, float | None], ...] = ((True, None), (True, 0.5), (False, 0.1), (True, NAN))
FREEZE = {"starts": "2026-11-21T00:00", "ends": "2030-01-01T00:00"}
RULES: tuple[Mapping[str, Any], ...] = (
    {"approvals": {"count": 1}},
    {"approvals": {"count": 2}},
    {"approvals": {"count": 0}},
    {"approvals": {"count": 2, "wording": 1}},
    {"approvals": {"count": 1, "wording": 0}},
    {"approvals": {"count": 1, "roles": ["releaser", "admin"]}},
    {"approvals": {"count": 1, "author": True}},
    {"soak_s": 7_200},
    {"soak_s": 0},
    {"gates": ["quality"]},
    {"gates": ["quality@2"], "gate_age_s": 86_400},
    {"gates": []},
    {"freeze": [FREEZE]},
    {"freeze": []},
    {"breaking_variables": "block"},
    {"shrink_guard": True},
    {"max_items": 1},
    {"reason_required": False},
    {"comes_from": None},
    {"comes_from": "development"},
    {"comes_from": "production"},
)
# Minutes, hours, beyond the 72 h of an approval, beyond the 30 days of a proposal; and back.
SPANS = (
    *(timedelta(minutes=1), timedelta(minutes=16), timedelta(hours=1), timedelta(hours=2)) * 4,
    *(timedelta(hours=25), timedelta(hours=73), timedelta(days=8), timedelta(days=31)),
    *(timedelta(minutes=-10), timedelta(hours=-1), timedelta(hours=-3), timedelta(days=-2)),
)
AGO = (timedelta(), timedelta(minutes=30), timedelta(hours=3), timedelta(days=3))


def _who(w: World, pick: Pick, *likely: str) -> str:
    """Mostly somebody who may, sometimes anybody."""
    return pick((*likely * (3 * len(w.players) // len(likely)), *w.players))


def _wanted(w: World, pick: Pick, kind: str, environment: str) -> tuple[Wanted, ...]:
    """One or two prompts: the version left open or named, what is believed to be live checked or not."""
    found = []
    for name in {pick(NAMES): 0, pick(NAMES): 0} if pick((True, False)) else {pick(NAMES): 0}:
        of = w.state.prompt(name)
        serves = w.state.serves(environment, of.name) if of else None
        others = set(range(1, len(of.versions) + 2 if of else 2)) - {serves}
        number = None if kind == "retire" else pick((None, None, *sorted(others)[-4:]))
        found.append(Wanted(name, number, *pick(((None, False), (None, False), (serves, True), (serves, True), (1, True)))))
    return tuple(found)


def _request(w: World, pick: Pick, *kinds: str) -> Request:
    environment, kind = pick((*PINNED, *w.state.environments)), pick(kinds)
    if kind == "policy":
        return Request(environment, "policy", [], pick(REASONS), policy=pick(RULES))
    if kind == "moment":
        return Request(environment, "rollback", [], pick(REASONS), time=w.now - pick(AGO))
    items = _wanted(w, pick, kind, environment)
    return Request(environment, kind, items, pick(REASONS), pick((False, False, True)))  # type: ignore[arg-type]  # a Kind


def _number(w: World, pick: Pick) -> int:
    """A release: mostly one that waits, sometimes any, or none there is."""
    waiting = [r.number for r in w.state.releases.values() if r.state == "proposed"][-3:]
    return pick((*waiting * 8, *list(w.state.releases)[-4:], 999))


def _emergency(w: World, pick: Pick) -> int:
    return pick((*[r.number for r in w.state.releases.values() if r.review] * 6, *list(w.state.releases)[-2:], 999))


def _held(w: World, pick: Pick) -> tuple[str, str, str | None]:
    """A right somebody holds, or one that nobody does. The owner's stays: a project without an admin goes nowhere."""
    held = [(login, *grant) for login, grants in w.state.grants.items() if login in LOGINS for grant in sorted(grants, key=str)]
    return pick((*held, ("pager", "admin", "staging")))


def _key(w: World, pick: Pick) -> str:
    return pick((*w.state.keys, *w.state.keys, "nothing"))


def _service(w: World, pick: Pick) -> str:
    made = [name for name, player in w.players.items() if player.role]
    return pick((*made[2:] * 5, *made))


Step = Callable[[World, Pick], None]
STEPS: Mapping[str, tuple[int, Step]] = {
    "save": (
        6,
        lambda w, p: contents.save(w, _who(w, p, "author", "owner"), p(NAMES), p(CONTENTS), p((None, None, None, 0, 1, 2, 3))),
    ),
    "import": (
        2,
        lambda w, p: contents.import_one(w, _who(w, p, "author"), p(NAMES), p(CONTENTS), p(("k1", "k2")), p(("", "about"))),
    ),
    "describe": (2, lambda w, p: contents.describe(w, _who(w, p, "author"), p(NAMES), p(("", "x")), p(ALIASES))),
    "recall": (1, lambda w, p: contents.recall(w, _who(w, p, "releaser"), p(NAMES), p((1, 2, 3)), p(REASONS))),
    "report": (
        3,
        lambda w, p: contents.report(w, _who(w, p, "reviewer"), "quality", p(("1", "2")), p(NAMES), p((1, 2, 3, 99)), p(SAID)),
    ),
    "promote": (8, lambda w, p: changes.release(w, _who(w, p, "releaser", "ship"), _request(w, p, "promote"))),
    "retire": (1, lambda w, p: changes.release(w, _who(w, p, "releaser"), _request(w, p, "retire"))),
    "roll back": (4, lambda w, p: changes.release(w, _who(w, p, "pager", "releaser"), _request(w, p, "rollback", "moment"))),
    "release rules": (2, lambda w, p: changes.release(w, _who(w, p, "owner"), _request(w, p, "policy"))),
    "propose": (
        9,
        lambda w, p: changes.propose(
            w,
            _who(w, p, "author", "robot", "releaser"),
            _request(w, p, "promote", "promote", "promote", "retire", "rollback", "policy"),
        ),
    ),
    "approve": (
        14,
        lambda w, p: changes.approve(
            w,
            _who(w, p, "reviewer", "second", "releaser", "again", "owner"),
            _number(w, p),
            p(("read it", "read it", " ")),
            p((timedelta(), timedelta(minutes=15), timedelta(minutes=16))),
        ),
    ),
    "apply": (10, lambda w, p: changes.apply(w, _who(w, p, "releaser", "ship", "owner"), _number(w, p))),
    "decline": (1, lambda w, p: changes.end(w, _who(w, p, "reviewer"), _number(w, p), "declined", p(("", "no")))),
    "withdraw": (1, lambda w, p: changes.end(w, _who(w, p, "author", "owner"), _number(w, p), "withdrawn", "")),
    "comment": (1, lambda w, p: changes.comment(w, _who(w, p, "author"), _number(w, p), p(("why?", " ")))),
    "rebase": (
        3,
        lambda w, p: changes.rebase(
            w, _who(w, p, "author", "releaser"), _number(w, p), *p(((), (), (Wanted("a", 1),), (Wanted("old", 2),)))
        ),
    ),
    "schedule": (
        4,
        lambda w, p: moments.schedule(
            w,
            _who(w, p, "releaser", "ship", "owner"),
            _number(w, p),
            p((timedelta(minutes=1), timedelta(hours=1), timedelta())),
        ),
    ),
    "unschedule": (1, lambda w, p: moments.unschedule(w, _who(w, p, "releaser", "author"), _number(w, p))),
    "keep": (6, lambda w, p: moments.keep(w)),
    "break glass": (
        2,
        lambda w, p: changes.break_glass(w, _who(w, p, "pager"), _request(w, p, *("promote",) * 6, "rollback", "policy")),
    ),
    "close review": (2, lambda w, p: changes.close_review(w, _who(w, p, "reviewer"), _emergency(w, p), p(("fine", " ")))),
    "rules": (4, lambda w, p: changes.rules(w, _who(w, p, "owner"), p((*PINNED, *w.state.environments)), p(RULES))),
    "preset": (1, lambda w, p: changes.preset(w, _who(w, p, "owner"), p(PINNED), p(("solo", "team", "regulated")))),
    "environment": (
        1,
        lambda w, p: changes.add_environment(
            w, _who(w, p, "owner"), p(("canary", "preview")), tracks=p((True, False)), source=p((None, "staging", "nowhere"))
        ),
    ),
    "hire": (2, lambda w, p: w.member(_who(w, p, "owner"), p(LOGINS), p(ROLES), p((None, "production", "staging")))),
    "dismiss": (1, lambda w, p: w.member(_who(w, p, "owner"), *_held(w, p), gone=True)),
    "make key": (
        2,
        lambda w, p: keys.make_key(w, _who(w, p, "owner"), p(tuple(w.state.environments)), p((None, 3_600, 200_000))),
    ),
    "rotate key": (1, lambda w, p: keys.rotate_key(w, _who(w, p, "owner"), _key(w, p), p((0, 3_600)))),
    "revoke key": (1, lambda w, p: keys.revoke_key(w, _who(w, p, "owner"), _key(w, p))),
    "make token": (1, lambda w, p: keys.make_token(w, _who(w, p, "owner"), "helper", p((*ROLES, "admin")))),
    "revoke token": (1, lambda w, p: keys.revoke_token(w, _who(w, p, "owner"), _service(w, p))),
    "tick": (4, lambda w, p: keys.tick(w, p(SPANS))),
    "retry": (3, lambda w, p: w.retry(same=p((True, False)))),
}


def walk(world: World, seed: int, length: int) -> None:
    """Steps that a seed decides, the check after each."""
    chance = random.Random(seed)
    names, weights = list(STEPS), [weight for weight, _ in STEPS.values()]
    begin(world, by_seed(chance))
    for name in chance.choices(names, weights, k=length):
        world.told.append(("step", name))
        STEPS[name][1](world, by_seed(chance))
        world.check()


def begin(world: World, pick: Pick) -> None:
    """A registry in use, so that a short run reaches production and its approvals too."""
    for name in (TONE, "a", "b"):
        for content in CONTENTS[:2]:
            contents.save(world, "author", name, content)
        changes.release(world, "releaser", Request("staging", "promote", [Wanted(name)]))
    changes.release(world, "releaser", Request("production", "promote", [Wanted("a"), Wanted("b")], "first"))
    changes.preset(world, "owner", "production", pick(("solo", "team", "team", "regulated")))
    keys.make_key(world, "owner", "production", None)
    keys.tick(world, timedelta(hours=25))
    world.check()
