"""A recalled version: a client that hears of it serves it from nothing any more."""

from __future__ import annotations

import asyncio
import json
import uuid

import pytest

import cuebook
from cuebook.admin import AdminClient
from tests.http.test_nodes import until
from tests.sdk.standin import Asked, Reply, StandIn, reply, serving, whole
from tests.support.server import Server

GONE = {"code": "recalled", "detail": "Version 1 of greeting was recalled.", "status": 410}


@pytest.fixture
def recalled(server: Server) -> str:
    """A prompt on a real server: version 2 is live in staging, and about to be recalled."""
    name = f"test-{uuid.uuid4().hex[:12]}.prompt"
    with AdminClient(server.url, server.token, server.project) as admin:
        for number, text in enumerate(("kind", "rude"), start=1):
            admin.save(name, {"kind": "text", "text": text})
            admin.release("staging", [{"prompt": name, "version": number}])
    return name


def recall(server: Server, name: str) -> None:
    with AdminClient(server.url, server.token, server.project) as admin:
        admin.recall(name, 2, "it insults people")


def test_a_real_servers_recall_reaches_who_holds_and_who_pins(server: Server, recalled: str) -> None:
    with cuebook.Client(server.url, server.keys["staging"], refresh_s=1000) as client:
        assert (client.get(recalled).text, client.fetch(recalled, version=2).text) == ("rude", "rude")
        recall(server, recalled)
        with pytest.raises(cuebook.Recalled, match=r"Version 2 of .* was recalled") as refused:
            client.fetch(recalled, version=2)
        assert (refused.value.status, refused.value.code) == (410, "recalled")
        assert "Ask" in refused.value.hint
        assert (client.get(recalled).version, client.get(recalled).text) == (1, "kind")


def test_a_session_leaves_a_version_that_was_recalled_after_it_was_replaced(server: Server, recalled: str) -> None:
    """No environment serves version 2, so that its recall raises no revision; the session still has it."""
    with (
        cuebook.Client(server.url, server.keys["staging"], refresh_s=1000) as client,
        AdminClient(server.url, server.token, server.project) as admin,
    ):
        conversation = client.session("one")
        assert conversation.get(recalled).version == 2
        back = admin.release("staging", [{"prompt": recalled, "version": 1}], kind="rollback", reason="rude")
        client.refresh(min_revision=back["revision"])
        assert (client.get(recalled).version, conversation.get(recalled).version) == (1, 2)
        recall(server, recalled)
        client.refresh()
        assert (client.revision, conversation.get(recalled).version) == (back["revision"], 1)


def test_a_recall_without_a_revision_is_heard_of_by_the_stream(server: Server, recalled: str) -> None:
    """It reached who streams with the next poll only, a minute later."""
    with (
        cuebook.Client(server.url, server.keys["staging"]) as client,
        AdminClient(server.url, server.token, server.project) as admin,
    ):
        conversation = client.session("one")
        assert conversation.get(recalled).version == 2
        back = admin.release("staging", [{"prompt": recalled, "version": 1}], kind="rollback", reason="rude")
        until(lambda: client.revision == back["revision"])
        until(lambda: client.state.streaming)
        recall(server, recalled)
        until(lambda: conversation.get(recalled).version == 1)
        assert client.revision == back["revision"]


def test_the_asynchronous_client_does_the_same(server: Server, recalled: str) -> None:
    async def use() -> int:
        async with cuebook.AsyncClient(server.url, server.keys["staging"], refresh_s=1000) as client:
            assert (await client.get(recalled)).version == 2
            recall(server, recalled)
            with pytest.raises(cuebook.Recalled):
                await client.fetch(recalled, version=2)
            return (await client.get(recalled)).version or 0

    assert asyncio.run(use()) == 1


def only_refusing(asked: Asked) -> Reply:
    """A registry that says of version 1 that it was recalled, and has no newer snapshot to give."""
    if asked.path == "/v1/snapshot":
        return serving(whole(1))(asked)
    return reply(GONE, status=410)


def test_until_the_next_revision_there_is_the_refusal_or_the_fallback(registry: StandIn, client: cuebook.Client) -> None:
    assert client.get("greeting").version == 1
    registry.answer = only_refusing
    for version in (1, "1"):
        with pytest.raises(cuebook.Recalled):
            client.fetch("greeting", version=version)
    with pytest.raises(cuebook.Recalled, match="greeting version 1, which production at revision 1 served, was recalled"):
        client.get("greeting")
    assert client.get("greeting", fallback="Hello").text == "Hello"
    client.refresh()
    assert "greeting" not in client.names()
    registry.answer = serving(whole(2))
    client.refresh()
    assert client.get("greeting").version == 2


def test_another_version_than_the_one_held_stays(registry: StandIn, client: cuebook.Client) -> None:
    client.get("greeting")
    registry.answer = only_refusing
    with pytest.raises(cuebook.Recalled):
        client.fetch("greeting", version=7)
    assert client.get("greeting").version == 1


def test_the_code_decides_what_an_error_is() -> None:
    assert isinstance(cuebook.errors.from_answer(410, json.dumps(GONE).encode()), cuebook.Recalled)
    assert type(cuebook.errors.from_answer(410, b"")) is cuebook.Gone
