"""Clients that listen to a real server process: its own words, its own goodbyes."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

import cuebook
from cuebook.admin import AdminClient
from tests.support.server import Server


def until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, f"it did not happen: {what}"
        time.sleep(0.02)


@dataclass
class Place:
    """An environment of the test's own, with a key, and a prompt of which version 1 is live."""

    server: Server
    admin: AdminClient
    name: str
    prompt: str
    key: str
    selector: str

    def release(self, text: str) -> int:
        """Release a new text; its revision."""
        number = self.admin.save(self.prompt, {"kind": "text", "text": text})["number"]
        made = self.admin.release(self.name, [{"prompt": self.prompt, "version": number}], reason="a new text")
        return int(made["revision"])

    def client(self) -> cuebook.Client:
        """One that asks by itself once in a blue moon: what it hears of a release comes by the stream."""
        return cuebook.Client(self.server.url, self.key, refresh_s=1_000, disk=False, wait=30)


@pytest.fixture
def place(server: Server) -> Iterator[Place]:
    with make(server) as admin:
        yield of(server, admin)


def make(server: Server) -> AdminClient:
    return AdminClient(server.url, server.token, server.project)


def of(server: Server, admin: AdminClient) -> Place:
    name = f"s{uuid.uuid4().hex[:12]}"
    admin.create_environment(name, "other")
    made = admin.create_key(name, "app")
    place = Place(server, admin, name, f"{name}.prompt", made["key"], made["selector"])
    place.release("one")
    return place


def listening(client: cuebook.Client, place: Place) -> None:
    client.get(place.prompt)
    until(lambda: client.state.streaming, "the stream says hello")


def test_a_release_arrives_by_the_stream(place: Place) -> None:
    with place.client() as client:
        listening(client, place)
        for text in ("two", "three"):
            revision = place.release(text)
            until(lambda text=text: client.get(place.prompt).text == text, "the release arrives")  # type: ignore[misc]  # the default binds this text
            assert client.revision == revision


def test_it_arrives_at_tasks_too(place: Place) -> None:
    async def use() -> str | None:
        async with cuebook.AsyncClient(place.server.url, place.key, refresh_s=1_000, disk=False, wait=30) as client:
            await client.get(place.prompt)
            await asyncio.to_thread(until, lambda: client.state.streaming, "the stream says hello")
            revision = await asyncio.to_thread(place.release, "two")
            assert await client.wait_for_revision(revision, 60)
            return (await client.get(place.prompt)).text

    assert asyncio.run(use()) == "two"


def test_many_releases_end_with_the_last_and_nothing_else_is_older(place: Place) -> None:
    seen: list[int] = []
    with place.client() as client:
        listening(client, place)
        for number in range(10):
            last = place.release(f"text {number}")
            seen.append(client.revision or 0)
        until(lambda: client.revision == last, "the last release arrives")
    assert seen == sorted(seen)


def test_a_revoked_key_ends_the_stream_and_what_is_held_is_served_on(place: Place) -> None:
    with place.client() as client:
        listening(client, place)
        place.admin.revoke_key(place.selector)
        until(lambda: client.state.phase == "refused", "the key is refused")
        assert not client.state.streaming
        assert client.get(place.prompt).text == "one"


def test_a_retired_prompt_goes_by_the_stream(place: Place) -> None:
    with place.client() as client:
        listening(client, place)
        place.admin.release(place.name, [{"prompt": place.prompt}], kind="retire", reason="done with")

        def gone() -> bool:
            try:
                client.get(place.prompt)
            except cuebook.Retired:
                return True
            return False

        until(gone, "the prompt goes")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_server_that_stops_says_goodbye_and_is_heard_again(
    start_server: Callable[..., Server], caplog: pytest.LogCaptureFixture
) -> None:
    server = start_server()
    with make(server) as admin:
        place = of(server, admin)
        with place.client() as client, caplog.at_level(logging.INFO, "cuebook"):
            listening(client, place)
            server.stop()
            until(lambda: not client.state.streaming, "the stream ends")
            assert client.get(place.prompt).text == "one"
            again = start_server(server.data, port=int(server.url.rpartition(":")[2]))
            assert again.url == server.url
            until(lambda: client.state.streaming and client.state.phase == "ready", "the stream is back")
            place.release("two")
            until(lambda: client.get(place.prompt).text == "two", "the release arrives")
