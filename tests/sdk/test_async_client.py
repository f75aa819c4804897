"""`AsyncClient`: the same promises on an event loop."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest

import cuebook
from tests.sdk.conftest import KEY
from tests.sdk.standin import StandIn, reply, served, serving, whole


async def arrives(client: cuebook.AsyncClient, version: int) -> None:
    async with asyncio.timeout(30):
        while (await client.get("greeting")).version != version:  # noqa: ASYNC110 - what happens, happens on the server
            await asyncio.sleep(0.005)


def test_the_surface_is_that_of_the_client() -> None:
    def public(kind: type) -> set[str]:
        return {name for name in dir(kind) if not name.startswith("_")}

    assert public(cuebook.AsyncClient) == public(cuebook.Client)


def test_many_readers_make_one_request(registry: StandIn) -> None:
    async def read() -> None:
        async with cuebook.AsyncClient(registry.url, KEY, refresh_s=1000) as client:
            prompts = await asyncio.gather(*(client.get("greeting") for _ in range(50)))
            assert len(set(prompts)) == 1
            assert (await client.render("greeting", who="you")).text == "Hello you"
            assert await client.names() == ["greeting"]
            assert set(await client.get_many(["greeting"])) == {"greeting"}

    asyncio.run(read())
    assert len(registry.asked) == 1


def test_the_background_brings_new_revisions(registry: StandIn) -> None:
    async def read() -> None:
        async with cuebook.AsyncClient(registry.url, KEY, refresh_s=0.02) as client:
            assert (await client.get("greeting")).version == 1
            gc.collect()  # a task without a strong reference would be gone now
            registry.answer = serving(whole(2))
            await arrives(client, 2)

    asyncio.run(read())


def test_bad_answers_and_refusals_are_those_of_the_client(registry: StandIn) -> None:
    async def read() -> None:
        async with cuebook.AsyncClient(registry.url, KEY, refresh_s=1000) as client:
            assert await client.refresh()
            registry.answer = lambda _: reply(whole(0))
            with pytest.raises(cuebook.BadAnswer, match="older"):
                await client.refresh()
            assert (await client.get("greeting")).version == 1
            with pytest.raises(cuebook.NotReleasedHere):
                await client.get("unknown")
            assert (await client.get("unknown", fallback="text")).source == "fallback"
            registry.answer = lambda _: reply(served("greeting", version=4))
            assert (await client.fetch("greeting", version=4)).version == 4

    asyncio.run(read())


def test_without_a_registry_only_the_first_read_waits() -> None:
    async def read() -> None:
        async with cuebook.AsyncClient("http://127.0.0.1:9", KEY, timeout_s=0.2) as client:
            with pytest.raises(cuebook.PromptUnavailable):
                await client.get("greeting")
            async with asyncio.timeout(0.15):
                assert (await client.get("greeting", fallback="text")).source == "fallback"

    asyncio.run(read())


def test_a_client_outlives_its_loop(registry: StandIn) -> None:
    client = cuebook.AsyncClient(registry.url, KEY, refresh_s=0.02)

    asyncio.run(arrives(client, 1))
    registry.answer = serving(whole(2))
    asyncio.run(arrives(client, 2))


def test_a_client_nobody_holds_is_collected_and_its_task_ends(registry: StandIn) -> None:
    async def read() -> None:
        client = cuebook.AsyncClient(registry.url, KEY, refresh_s=1000)
        await client.get("greeting")
        gone = weakref.ref(client)
        del client
        gc.collect()
        assert gone() is None
        others = asyncio.all_tasks() - {asyncio.current_task()}
        assert not others or not (await asyncio.wait(others, timeout=10))[1]

    asyncio.run(read())


def test_a_closed_client_still_reads_what_it_holds(registry: StandIn) -> None:
    async def read() -> None:
        client = cuebook.AsyncClient(registry.url, KEY)
        await client.get("greeting")
        await client.close()
        assert (await client.get("greeting")).version == 1
        with pytest.raises(cuebook.Unavailable, match="closed"):
            await client.refresh()

    asyncio.run(read())
