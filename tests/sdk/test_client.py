"""`Client` against a server that answers well and badly."""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

import cuebook
from tests.sdk.conftest import KEY
from tests.sdk.standin import Asked, Reply, StandIn, reply, served, serving, whole

NOWHERE = "http://127.0.0.1:9"  # the discard port: nothing listens


def until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)


def test_a_prompt_says_what_it_is_and_where_it_came_from(client: cuebook.Client) -> None:
    prompt = client.get("greeting")
    assert (prompt.name, prompt.version, prompt.environment, prompt.revision) == ("greeting", 1, "production", 1)
    assert (prompt.source, prompt.released_at) == ("network", "2026-11-21T10:00:00Z")
    assert 0 <= prompt.age < 5
    assert (client.environment, client.revision, client.state.phase) == ("production", 1, "ready")


def test_reading_costs_one_request_whoever_reads(registry: StandIn, client: cuebook.Client) -> None:
    with ThreadPoolExecutor(16) as pool:
        prompts = list(pool.map(client.get, ["greeting"] * 50))
    assert len(set(prompts)) == 1
    assert len(registry.asked) == 1
    assert registry.asked[0].headers["authorization"] == f"Bearer {KEY}"


def test_nothing_is_sent_before_the_first_use(registry: StandIn, client: cuebook.Client) -> None:
    assert (client.state.phase, client.revision, client.environment) == ("starting", None, None)
    assert registry.asked == []


def test_the_background_brings_new_revisions_by_conditional_requests(registry: StandIn) -> None:
    with cuebook.Client(registry.url, KEY, refresh_s=0.02) as client:
        assert client.get("greeting").version == 1
        until(lambda: len(registry.asked) > 2)
        assert registry.asked[-1].headers["if-none-match"] == '"1-1"'
        registry.answer = serving(whole(2))
        until(lambda: client.get("greeting").version == 2)


def test_refresh_tells_whether_there_was_news(registry: StandIn, client: cuebook.Client) -> None:
    assert client.refresh()
    assert not client.refresh()
    registry.answer = serving(whole(2))
    assert client.refresh(min_revision=2)
    assert registry.asked[-1].params == {"min_revision": "2"}
    assert client.get("greeting").version == 2


def test_many_are_of_one_revision(registry: StandIn, client: cuebook.Client) -> None:
    registry.answer = serving(whole(3, served("a"), served("b"), aliases={"old": "a"}))
    many = client.get_many(["a", "b", "old", "new"], fallbacks={"new": "text"})
    assert [prompt.name for prompt in many.values()] == ["a", "b", "a", "new"]
    assert {prompt.revision for prompt in many.values()} == {3, None}
    assert client.names() == ["a", "b"]


def test_readers_never_see_a_mixed_release(registry: StandIn, client: cuebook.Client) -> None:
    torn, done = [], threading.Event()

    def read() -> None:
        while not done.is_set():
            many = client.get_many(["a", "b"])
            if many["a"].version != many["b"].version:
                torn.append(many)

    registry.answer = serving(whole(1, served("a"), served("b")))
    client.refresh()
    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        for revision in range(2, 30):
            registry.answer = serving(whole(revision, served("a", version=revision), served("b", version=revision)))
            client.refresh()
        done.set()
        assert [reader.result(10) for reader in readers] == [None, None]
    assert torn == []


BAD_ANSWERS = {
    "older": reply(whole(1)),
    "foreign": reply(whole(9, environment="staging")),
    "empty": Reply(200, {"Content-Type": "application/json"}),
    "a login page": Reply(200, {"Content-Type": "text/html"}, b"<html>Welcome</html>"),
    "cut off": Reply(200, {"Content-Type": "application/json"}, b'{"environment": ', announced=5000),
    "a gzip that is none": Reply(200, {"Content-Type": "application/json", "Content-Encoding": "gzip"}, b"plain"),
    "a redirect": Reply(302, {"Location": "http://127.0.0.1:9/v1/snapshot"}),
    "gone": Reply(410),
    "down": Reply(503, {"Retry-After": "1"}),
    "revoked": reply({"code": "key_revoked"}, 401),
    "forbidden": reply({}, 403),
}


@pytest.mark.fault("C-17")
@pytest.mark.parametrize("bad", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_a_bad_answer_changes_nothing_but_the_state(registry: StandIn, client: cuebook.Client, bad: Reply) -> None:
    registry.answer = serving(whole(2))
    before = client.get("greeting")
    registry.answer = lambda _: bad
    with pytest.raises(cuebook.CuebookError):
        client.refresh()
    assert client.get("greeting") is before
    assert client.state.phase == ("refused" if bad.status in {401, 403} or b"staging" in bad.body else "stale")
    registry.answer = serving(whole(3))
    assert client.refresh()
    assert client.state.error is None


def test_a_large_answer_is_not_read_to_its_end(registry: StandIn) -> None:
    registry.answer = serving(whole(1, served("a", "x" * 3_000_000)))
    small = cuebook.Client(registry.url, KEY, answer_bytes_max=1_000_000)
    with small as client, pytest.raises(cuebook.BadAnswer, match="larger than 1000000 bytes"):
        client.refresh()


def test_a_refused_key_is_said_aloud_once_and_never_shown(
    registry: StandIn, client: cuebook.Client, caplog: pytest.LogCaptureFixture
) -> None:
    client.get("greeting")
    registry.answer = lambda _: reply({"code": "key_expired", "detail": "The key has expired."}, 401)
    for _ in range(3):
        with pytest.raises(cuebook.Unauthenticated):
            client.refresh()
    assert [r.levelname for r in caplog.records if r.name == "cuebook" and r.levelno >= logging.WARNING] == ["ERROR"]
    assert KEY not in caplog.text + repr(client) + repr(client.state)
    assert client.get("greeting").version == 1


def test_with_a_refused_key_the_first_read_fails_at_once(registry: StandIn) -> None:
    registry.answer = lambda _: reply({"code": "unknown_key"}, 401)
    with cuebook.Client(registry.url, KEY, timeout_s=30) as client:
        with pytest.raises(cuebook.Unauthenticated) as refused:
            client.get("greeting")
        assert client.state.phase == "refused"
    assert (refused.value.code, refused.value.status) == ("unknown_key", 401)


@pytest.mark.fault("C-17")
def test_without_a_registry_only_the_first_read_waits() -> None:
    with cuebook.Client(NOWHERE, KEY, timeout_s=0.3) as client:
        with pytest.raises(cuebook.PromptUnavailable, match=r"127\.0\.0\.1:9 was asked, \d+ failures"):
            client.get("greeting")
        began = time.monotonic()
        assert client.get("greeting", fallback=lambda: "Hi {{who}}").render(who="you").text == "Hi you"
        with pytest.raises(cuebook.PromptUnavailable):
            client.names()
        assert time.monotonic() - began < 0.25
        assert client.state.phase == "starting"
        assert client.state.fallbacks == 1


def test_the_first_read_outlasts_a_registry_that_is_just_starting(registry: StandIn) -> None:
    good, failing = registry.answer, [Reply(503)] * 2
    registry.answer = lambda asked: failing.pop() if failing else good(asked)
    with cuebook.Client(registry.url, KEY, timeout_s=20) as client:
        assert client.get("greeting").version == 1


def test_a_fallback_is_told_once_and_counted(client: cuebook.Client, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        assert client.get("unknown", fallback="text").source == "fallback"
    assert client.state.fallbacks == 3
    assert len([r for r in caplog.records if r.levelno == logging.WARNING]) == 1
    assert client.get("greeting", fallback=pytest.fail).source == "network"


def test_refusals_are_distinct(registry: StandIn, client: cuebook.Client) -> None:
    registry.answer = serving(whole(1, served("a"), retired=["gone"]))
    with pytest.raises(cuebook.NotReleasedHere, match="production at revision 1"):
        client.get("b")
    with pytest.raises(cuebook.Retired):
        client.get("gone")


def test_fetch_asks_past_the_memory(registry: StandIn, client: cuebook.Client) -> None:
    registry.answer = lambda _: reply(served("greeting", version=4), Cuebook_Revision="9")
    prompt = client.fetch("greeting", version=4, subject="user-1")
    assert (prompt.version, prompt.revision) == (4, 9)
    assert (registry.asked[0].path, registry.asked[0].params) == ("/v1/prompts/greeting", {"version": "4", "subject": "user-1"})
    registry.answer = lambda _: reply({"code": "not_found", "detail": "No such prompt."}, 404)
    with pytest.raises(cuebook.NotFound, match="No such prompt"):
        client.fetch("greeting")


def test_an_asserted_environment_travels_and_its_refusal_is_typed(registry: StandIn) -> None:
    registry.answer = lambda _: reply({"code": "environment_mismatch"}, 403)
    with cuebook.Client(registry.url, KEY, environment="staging") as client, pytest.raises(cuebook.EnvironmentMismatch):
        client.get("greeting")
    assert registry.asked[0].params == {"environment": "staging"}


def test_a_node_that_lags_makes_the_age_true(registry: StandIn, client: cuebook.Client) -> None:
    good = registry.answer

    def behind(asked: Asked) -> Reply:
        told = good(asked)
        return Reply(told.status, {**told.headers, "Cuebook-As-Of": str(int((time.time() - 60) * 1000))}, told.body)

    registry.answer = behind
    assert 58 <= client.get("greeting").age <= 62


def test_a_closed_client_still_reads_what_it_holds(client: cuebook.Client) -> None:
    client.get("greeting")
    client.close()
    assert client.get("greeting").version == 1
    with pytest.raises(cuebook.Unavailable, match="closed"):
        client.refresh()


def test_the_thread_ends_with_its_client(registry: StandIn) -> None:
    client = cuebook.Client(registry.url, KEY, refresh_s=0.02)
    client.get("greeting")
    threads = [t for t in threading.enumerate() if t.name == "cuebook-refresh"]
    assert threads
    assert all(t.daemon for t in threads)
    del client
    gc.collect()
    until(lambda: not any(t.is_alive() for t in threads))


def test_an_accident_in_the_thread_does_not_end_it(
    registry: StandIn, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with cuebook.Client(registry.url, KEY, refresh_s=0.02) as client:
        client.get("greeting")
        monkeypatch.setattr("cuebook.engine.decide", lambda *_, **__: 1 / 0)
        until(lambda: client.state.phase == "stale")
        monkeypatch.undo()
        registry.answer = serving(whole(2))
        until(lambda: client.get("greeting").version == 2)
    assert "unexpected" in caplog.text
