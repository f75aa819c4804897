"""Laws of the engine: whatever comes, in whatever order, what is held never gets older, empty or foreign."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook._exchange import Answer
from cuebook.delivery import NOTHING
from cuebook.engine import Action, Changed, Engine, Fetch, Hangup, Listen, Store, Wait
from cuebook.errors import Unavailable
from tests.sdk.standin import served, whole
from tests.sdk.test_events import event

JSON = {"content-type": "application/json"}
SSE = {"content-type": "text/event-stream"}

statuses = st.sampled_from([200, 200, 200, 200, 204, 206, 301, 304, 400, 401, 403, 404, 410, 429, 500, 502, 503])
headers = st.fixed_dictionaries(
    {},
    optional={
        "content-type": st.sampled_from(["application/json", "text/html", ""]),
        "etag": st.sampled_from(['"a"', "", "W/x"]),
        "retry-after": st.sampled_from(["5", "soon", "Thu, 01 Jan 1970 00:00:42 GMT", "-1", "9" * 400]),
        "cuebook-environment": st.sampled_from(["production", "staging"]),
        "cuebook-as-of": st.sampled_from(["0", "x", "9" * 40, "2026-11-21T10:00:00Z"]),
        "date": st.sampled_from(["x", "Sat, 21 Nov 2026 10:00:50 GMT"]),
    },
)


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Bodies that are good, and bodies of which one thing is wrong."""
    environment = draw(st.sampled_from(["production", "production", "production", "staging"]))
    names = draw(st.lists(st.sampled_from(["a", "b"]), max_size=3))
    revision, epoch = draw(st.integers(0, 9)), draw(st.integers(1, 2))
    body = whole(revision, environment=environment, epoch=epoch, retired=draw(st.lists(st.just("a"), max_size=1)))
    body["prompts"] = [served(name, environment=environment) for name in names]
    if draw(st.booleans()):
        body[draw(st.sampled_from([*body, "recalled"]))] = draw(st.sampled_from([None, True, [], {}, "x", -1, [1], {"a": 1}]))
    data = json.dumps(body).encode()
    return draw(st.sampled_from([data, data, data, data[:-9], b"", b"<html>", b"null", b"\xff"]))


answers = st.builds(lambda status, told, body: Answer(status, JSON | told, body), statuses, headers, bodies())
texts = st.sampled_from(
    [
        event("hello", epoch=1, revision=3, heartbeat_s=15),
        *(event("head", epoch=epoch, revision=revision) for epoch in (1, 2) for revision in (1, 9)),
        event("goodbye", reason="drain", retry_ms=100),
        b": hb\n\n",
        b"event: head\ndata: x\n\n",
        b"retry: 5\n\n",
        b"data",
    ]
)
inputs = st.one_of(
    st.tuples(st.just("answered"), answers),
    st.tuples(st.just("unanswered"), st.just(Unavailable())),
    st.tuples(st.just("opened"), st.sampled_from([200, 200, 200, 401, 404, 503])),
    st.tuples(st.just("heard"), texts),
    st.tuples(st.just("ended"), st.none()),
    st.tuples(st.just("want"), st.integers(0, 12)),
    st.tuples(st.just("tick"), st.none()),
)
histories = st.lists(st.tuples(inputs, st.floats(0, 100), st.floats(0, 1, exclude_max=True)), max_size=25)


class Driver:
    """Feeds an engine, and watches that what it says makes sense."""

    def __init__(self) -> None:
        self.engine = Engine(events=True, origins=2, agent="test/1 x")
        self.now, self.fetching, self.stream, self.wake = 0.0, 0, 0, 0.0
        self.check(self.engine.start(0.0, 0.5))

    def feed(self, kind: str, given: Any, luck: float) -> list[Action]:
        engine, now = self.engine, self.now
        match kind:
            case "answered" | "unanswered" if self.fetching:
                self.fetching -= 1
                return engine.answered(given, now, luck) if kind == "answered" else engine.unanswered(given, now, luck)
            case "opened":
                return engine.opened(self.stream, given, SSE, now, luck)
            case "heard":
                return engine.heard(self.stream, given, now, luck)
            case "ended":
                return engine.ended(self.stream, now, luck)
            case "want":
                return engine.want(given, now)
        return engine.tick(now, luck)

    def check(self, actions: list[Action]) -> None:
        *done, wait = actions
        assert isinstance(wait, Wait)
        assert not any(isinstance(action, Wait) for action in done)
        self.wake = wait.until
        for action in done:
            match action:
                case Fetch(origin, request):
                    self.fetching += 1
                    assert origin in {0, 1}
                    assert request.path == "/v1/snapshot"
                case Listen(stream, _, _):
                    assert stream == self.stream + 1
                    self.stream = stream
                case Hangup(stream):
                    assert stream == self.stream
                case Store(snapshot, _):
                    assert snapshot is self.engine.snapshot
        assert self.fetching <= 1
        assert self.fetching or self.wake < math.inf, "nothing is under way and nothing planned"


@given(histories)
def test_what_is_held_never_gets_older_empty_or_foreign(history: list[tuple[tuple[str, Any], float, float]]) -> None:
    driver = Driver()
    held, environment = driver.engine.snapshot, ""
    for (kind, given_), later, luck in history:
        driver.now += later
        actions = driver.feed(kind, given_, luck)
        driver.check(actions)
        new = driver.engine.snapshot
        assert new.order >= held.order
        assert new is held or kind == "answered"
        assert (new.order != held.order) == any(isinstance(action, Changed) for action in actions)
        environment = environment or new.environment
        assert new.environment == environment
        assert {prompt.environment for prompt in new.prompts.values()} <= {environment}
        if held is not NOTHING and held.prompts and not new.prompts:
            assert held.prompts.keys() <= new.retired
        held = new


@given(histories)
def test_after_any_trouble_a_good_answer_is_held(history: list[tuple[tuple[str, Any], float, float]]) -> None:
    driver = Driver()
    for (kind, given_), later, luck in history:
        driver.now += later
        driver.check(driver.feed(kind, given_, luck))
    while not driver.fetching:
        driver.now = max(driver.now, driver.wake)
        driver.check(driver.engine.tick(driver.now, 0.5))
    driver.fetching = 0
    body = whole(1, environment=driver.engine.snapshot.environment or "production", epoch=9)
    driver.check(driver.engine.answered(Answer(200, JSON, json.dumps(body).encode()), driver.now, 0.5))
    assert driver.engine.snapshot.order == (9, 1)
    assert driver.engine.phase(driver.now) == "ready"


@pytest.mark.parametrize("luck", [0.0, 0.5, 0.999])
def test_a_server_that_accepts_and_closes_at_once_is_tried_less_and_less(luck: float) -> None:
    engine = Engine(events=True)
    engine.start(0.0, luck)
    body = json.dumps(whole(1)).encode()
    actions, now, opened = engine.answered(Answer(200, JSON, body), 0.0, luck), 0.0, list[float]()
    while now < 3600:
        for action in actions:
            if isinstance(action, Listen):
                opened.append(now)
                engine.opened(action.stream, 200, SSE, now, luck)
                actions = engine.ended(action.stream, now, luck)
            elif isinstance(action, Fetch):
                actions = engine.answered(Answer(304, {}, b""), now, luck)
        now = max(now + 0.001, actions[-1].until) if isinstance(actions[-1], Wait) else now
        actions = engine.tick(now, luck)
    pauses = [later - earlier for earlier, later in pairwise(opened)]
    assert min(pauses) >= 0.5
    assert max(pauses) <= 61
    assert luck == 0.0 or len(opened) < 3600
