"""Clients that hear of changes at once, over a real socket."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import Callable, Iterator

import pytest

import cuebook
from tests.sdk.conftest import KEY
from tests.sdk.standin import StandIn, Streams, reply, serving, whole
from tests.sdk.test_async_client import arrives
from tests.sdk.test_client import until


def event(name: str, revision: int, **data: object) -> str:
    return f"event: {name}\ndata: {json.dumps({'epoch': 1, 'revision': revision, **data})}\n\n"


def listens(client: cuebook.Client, registry: StandIn) -> None:
    """The client is greeted, and what it asks after the greeting is answered."""
    client.get("greeting")
    until(lambda: client.state.streaming and registry.answered == 2)


@pytest.fixture
def streams(registry: StandIn) -> Streams:
    """The registry's event streams; it greets with revision 1."""
    registry.streams = Streams()
    registry.streams.greeting = event("hello", 1, heartbeat_s=15).encode()
    return registry.streams


@pytest.fixture
def listening(registry: StandIn, streams: Streams) -> Iterator[cuebook.Client]:
    """A client that polls once in a blue moon, and listens."""
    with cuebook.Client(registry.url, KEY, refresh_s=1000) as client:
        listens(client, registry)
        yield client


def test_a_head_brings_the_revision_it_announces(registry: StandIn, streams: Streams, listening: cuebook.Client) -> None:
    registry.answer = serving(whole(2))
    streams.tell(event("head", 2, changed=[["greeting", 2]]))
    until(lambda: listening.get("greeting").version == 2)
    assert registry.asked[-1].params == {"min_revision": "2"}
    assert registry.asked[-1].headers["cuebook-applied"] == "1:1"


def test_who_asks_says_what_it_is(registry: StandIn, streams: Streams, listening: cuebook.Client) -> None:
    about = [asked.headers["cuebook-client"].split(" ") for asked in [*registry.asked, *streams.opened]]
    assert [source for *_, source in about] == ["none", "network", "network"]
    assert len({instance for _, instance, _ in about}) == 1
    assert {sdk for sdk, *_ in about} == {f"python/{cuebook.client._version()}"}
    assert streams.opened[0].headers["authorization"] == f"Bearer {KEY}"


def test_after_a_cut_the_stream_is_opened_again(registry: StandIn, streams: Streams, listening: cuebook.Client) -> None:
    registry.answer = serving(whole(2))  # missed while nobody listens
    streams.cut()
    until(lambda: listening.get("greeting").version == 2)
    until(lambda: len(streams.opened) == 2)


def test_a_silent_stream_is_given_up(registry: StandIn, streams: Streams) -> None:
    streams.greeting = event("hello", 1, heartbeat_s=0.1).encode()
    with cuebook.Client(registry.url, KEY, refresh_s=1000) as client:
        client.get("greeting")
        until(lambda: len(streams.opened) >= 2)


def test_closing_ends_both_threads_at_once(ended: Callable[[], bool], streams: Streams, listening: cuebook.Client) -> None:
    listening.close()
    until(ended)


def test_closing_does_not_wait_for_a_stream_that_never_begins(
    ended: Callable[[], bool], streams: Streams, listening: cuebook.Client
) -> None:
    streams.unsilenced.clear()
    streams.cut()
    until(lambda: len(streams.opened) == 2)
    listening.close()
    until(ended)


def test_a_client_nobody_holds_hangs_up(ended: Callable[[], bool], registry: StandIn, streams: Streams) -> None:
    client = cuebook.Client(registry.url, KEY, refresh_s=1000)
    listens(client, registry)
    del client
    gc.collect()
    until(ended)


def test_waiting_for_a_revision(registry: StandIn, streams: Streams, listening: cuebook.Client) -> None:
    assert listening.wait_for_revision(1)
    assert not listening.wait_for_revision(2, timeout_s=0.05)
    registry.answer = serving(whole(2))
    assert listening.wait_for_revision(2)
    assert listening.revision == 2


def test_the_same_over_asyncio(registry: StandIn, streams: Streams) -> None:
    async def happens(true: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not true():  # noqa: ASYNC110 - what happens, happens on the server
                await asyncio.sleep(0.005)

    async def read() -> None:
        async with cuebook.AsyncClient(registry.url, KEY, refresh_s=1000) as client:
            await client.get("greeting")
            await happens(lambda: client.state.streaming)
            registry.answer = serving(whole(2))
            streams.tell(event("head", 2))
            await arrives(client, 2)
            streams.cut()
            registry.answer = serving(whole(3))
            await arrives(client, 3)
            await happens(lambda: len(streams.opened) == 2)
            assert not await client.wait_for_revision(4, timeout_s=0.05)
            registry.answer = serving(whole(4))
            async with asyncio.timeout(30):  # what arrives is noticed when it does, not when the time is over
                assert await client.wait_for_revision(4, timeout_s=1000)

    asyncio.run(read())


def test_without_events_nothing_listens(registry: StandIn, streams: Streams) -> None:
    with cuebook.Client(registry.url, KEY, refresh_s=0.02, events=False) as client:
        client.get("greeting")
        until(lambda: len(registry.asked) > 3)
        assert streams.opened == []
        assert not client.state.streaming


def test_the_next_origin_is_asked_where_one_fails(registry: StandIn) -> None:
    with cuebook.Client(f"http://127.0.0.1:9,{registry.url}", KEY, refresh_s=1000) as client:
        assert client.get("greeting").version == 1
        assert client.state.url == registry.url
        assert client.state.phase == "ready"


def test_refresh_asks_every_origin(registry: StandIn) -> None:
    with cuebook.Client(f"http://127.0.0.1:9 , {registry.url}/", KEY) as client:
        assert client.refresh()
        registry.answer = lambda _: reply({}, 500)
        with pytest.raises(cuebook.Unavailable):
            client.refresh()


def test_the_same_over_uvloop(registry: StandIn, streams: Streams) -> None:
    uvloop = pytest.importorskip("uvloop")

    async def read() -> None:
        async with cuebook.AsyncClient(registry.url, KEY, refresh_s=1000) as client:
            await client.get("greeting")
            registry.answer = serving(whole(2))
            assert await client.wait_for_revision(2)
            streams.tell(event("head", 3))
            registry.answer = serving(whole(3))
            await arrives(client, 3)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(read())


def test_who_helps_itself_says_so(registry: StandIn, client: cuebook.Client) -> None:
    registry.answer = lambda _: reply({}, status=500)
    assert client.get("greeting", fallback="Hello").text == "Hello"
    with pytest.raises(cuebook.CuebookError):
        client.refresh()
    assert registry.asked[-1].headers["cuebook-client"].split(" ")[1:] == [client.state.instance, "fallback"]
