"""What may be served: how old, how much waited for, for whom it stays the same, and who is told."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

import pytest

import cuebook
from cuebook import _held
from cuebook.testing import FakeAsyncClient, FakeClient
from tests.sdk.conftest import KEY
from tests.sdk.standin import Reply, StandIn, served, serving, whole
from tests.sdk.test_client import NOWHERE, until
from tests.sdk.test_files import bundle


def test_what_is_required_fresh_is_not_served_from_a_file(registry: StandIn, tmp_path: Path) -> None:
    made = bundle(tmp_path)
    with cuebook.Client(NOWHERE, KEY, bundle=made, require="fresh", wait=0.05) as client:
        with pytest.raises(cuebook.PromptUnavailable, match="revision 5 is held, 60 s old, but not fresh enough"):
            client.get("greeting")
        assert client.get("greeting", fallback="text").source == "fallback"
    registry.answer = serving(whole(6))
    with cuebook.Client(registry.url, KEY, bundle=made, require="fresh", refresh_s=1000) as client:
        assert client.get("greeting").version == 6
        registry.stop()  # confirmed once, it is served on
        assert client.get("greeting").version == 6


def test_a_file_is_not_waited_for(tmp_path: Path) -> None:
    with cuebook.Client("http://192.0.2.1", KEY, bundle=bundle(tmp_path), timeout_s=30) as client:
        began = time.monotonic()
        assert client.get("greeting").source == "bundle"
        assert time.monotonic() - began < 10


def stale(tmp_path: Path, **options: object) -> cuebook.Client:
    """A client whose only source was confirmed ten minutes ago."""
    made = bundle(tmp_path, age_s=600)
    return cuebook.Client(NOWHERE, KEY, bundle=made, max_stale=60, timeout_s=0.05, **options)  # type: ignore[arg-type]  # handed on


def test_too_old_is_served_and_said_by_default(tmp_path: Path) -> None:
    with stale(tmp_path) as client:
        assert client.get("greeting").age > 500
        assert client.state.phase == "stale"


def test_too_old_counts_as_not_there(tmp_path: Path) -> None:
    with stale(tmp_path, on_max_stale="fallback") as client:
        assert client.get("greeting", fallback="text").source == "fallback"
        assert client.get_many(["greeting"], fallbacks={"greeting": "text"})["greeting"].source == "fallback"
        with pytest.raises(cuebook.PromptUnavailable, match="fresh enough"):
            client.get("greeting")


def test_too_old_raises_even_where_there_is_a_fallback(tmp_path: Path) -> None:
    with stale(tmp_path, on_max_stale="raise") as client:
        with pytest.raises(cuebook.PromptUnavailable, match="fresh enough"):
            client.get("greeting", fallback="text")
        with pytest.raises(cuebook.PromptUnavailable):
            client.names()


def test_what_is_young_enough_is_served_whatever_the_limit(registry: StandIn) -> None:
    with cuebook.Client(registry.url, KEY, max_stale=60, on_max_stale="raise") as client:
        assert client.get("greeting").version == 1


@pytest.mark.parametrize("wrong", [{"require": "best"}, {"on_max_stale": "panic"}, {"max_stale": 0}])
def test_a_choice_that_is_none_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(cuebook.Misconfigured):
        cuebook.Client(NOWHERE, KEY, **wrong)  # type: ignore[arg-type]  # the point is that it is wrong


def test_callbacks_run_on_a_thread_of_their_own_and_fail_alone(registry: StandIn, caplog: pytest.LogCaptureFixture) -> None:
    changes, phases, threads = list[int | None](), list[str](), set[str]()

    def changed(state: cuebook.State) -> None:
        threads.add(threading.current_thread().name)
        changes.append(state.revision)
        raise ZeroDivisionError

    with cuebook.Client(
        registry.url, KEY, refresh_s=0.02, on_change=changed, on_state=lambda state: phases.append(state.phase)
    ) as client:
        client.get("greeting")
        registry.answer = serving(whole(2))
        until(lambda: changes == [1, 2])
        registry.answer = lambda _: Reply(500)
        until(lambda: phases == ["ready", "stale"])
    assert threads == {"cuebook-callbacks"}
    assert "a callback of the application failed" in caplog.text


def test_callbacks_of_asyncio(registry: StandIn) -> None:
    told = threading.Event()

    async def use() -> None:
        async with cuebook.AsyncClient(registry.url, KEY, on_change=lambda _: told.set()) as client:
            await client.get("greeting")
            assert await asyncio.to_thread(told.wait, 10)

    asyncio.run(use())


def test_a_session_stays_on_what_it_got(fake: FakeClient) -> None:
    session = fake.session("conversation-1")
    assert session.get("a").text == "one"
    fake.set({"a": "two"})
    assert (session.get("a").text, fake.session("conversation-1").get("a").text) == ("one", "one")
    assert (fake.get("a").text, fake.session("conversation-2").render("a").text) == ("two", "two")


def test_a_prompt_that_is_retired_or_recalled_leaves_its_sessions(registry: StandIn, client: cuebook.Client) -> None:
    registry.answer = serving(whole(1, served("a"), served("b"), served("c")))
    session = client.session("s")
    assert [session.get(name).version for name in "abc"] == [1, 1, 1]
    rest = [served("b", version=2), served("c", version=2)]
    registry.answer = serving(whole(2, *rest, retired=["a"], recalled={"b": [1]}))
    client.refresh()
    with pytest.raises(cuebook.Retired):
        session.get("a")
    assert [session.get(name).version for name in "bc"] == [2, 1]


def test_a_fallback_is_not_kept_for_a_session(fake: FakeClient) -> None:
    session = fake.session("s")
    assert session.get("new", fallback="text").source == "fallback"
    fake.set({"new": "released"})
    assert session.get("new", fallback="text").text == "released"


def test_only_so_many_sessions_are_remembered(fake: FakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_held, "SESSIONS_MAX", 2)
    for name in ("first", "second", "first", "third"):
        fake.session(name).get("a")
    fake.set({"a": "two"})
    found = {name: fake.session(name).get("a").text for name in ("first", "third", "second")}
    assert found == {"first": "one", "third": "one", "second": "two"}


def test_a_session_of_asyncio() -> None:
    async def use() -> None:
        client = FakeAsyncClient({"a": "one"})
        session = client.session("s")
        assert (await session.get("a")).text == "one"
        client.set({"a": "two"})
        assert (await session.render("a")).text == "one"

    asyncio.run(use())


@pytest.fixture
def fake() -> FakeClient:
    """Serves ``a``."""
    return FakeClient({"a": "one"})
