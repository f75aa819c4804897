"""The doubles that applications test with."""

from __future__ import annotations

import asyncio
import threading

import pytest

import cuebook
from cuebook.testing import FakeAsyncClient, FakeClient

pytest_plugins = ["cuebook.pytest_plugin"]


def classify(client: cuebook.Client, ticket: str) -> str:
    return client.render("support.triage", ticket=ticket).text


def test_a_fake_is_a_client_without_threads() -> None:
    client = FakeClient({"support.triage": "Classify: {{ticket}}"})
    assert classify(client, "help") == "Classify: help"
    assert not any(thread.name == "cuebook-refresh" for thread in threading.enumerate())
    with client:
        assert client.fetch("support.triage") == client.get("support.triage")


def test_setting_is_a_release(fake_cuebook: FakeClient) -> None:
    fake_cuebook.set({"a": "one", "b": {"messages": []}})
    fake_cuebook.set({"a": "two"})
    prompt = fake_cuebook.get("a")
    assert (prompt.text, prompt.version, prompt.revision) == ("two", 2, 3)
    assert fake_cuebook.names() == ["a", "b"]


def test_a_served_prompt_keeps_its_stamp() -> None:
    client = FakeClient({"a": {"text": "x", "version": 7, "digest": "sha256:7"}})
    assert (client.get("a").version, client.get("a").digest) == (7, "sha256:7")


def test_aliases_retired_and_unknown_names() -> None:
    client = FakeClient({"new": "x"}, aliases={"old": "new"}, retired=["gone"])
    assert client.get("old").name == "new"
    for name, error in {"gone": cuebook.Retired, "none": cuebook.NotReleasedHere}.items():
        with pytest.raises(error):
            client.get(name)
    with pytest.raises(cuebook.NotFound):
        client.fetch("none")


def test_a_lost_registry_shows_what_the_fallback_does() -> None:
    client = FakeClient({"a": "x"})
    client.lose()
    assert client.get("a", fallback="y").source == "fallback"
    with pytest.raises(cuebook.PromptUnavailable):
        client.get("a")
    with pytest.raises(cuebook.Unavailable):
        client.refresh()


def test_content_that_is_none_is_refused() -> None:
    with pytest.raises(cuebook.BadAnswer):
        FakeClient({"a": {"text": 7}})


def test_the_asyncio_double() -> None:
    async def use() -> None:
        async with FakeAsyncClient({"a": "Hello {{who}}"}) as client:
            assert (await client.render("a", who="you")).text == "Hello you"
            assert (await client.fetch("a")).version == 1
            assert not await client.refresh()
            assert await client.names() == ["a"]

    asyncio.run(use())
