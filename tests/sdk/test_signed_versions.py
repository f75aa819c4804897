"""What `fetch` takes where signatures are demanded: what the signed snapshot holds, or a version with its own signature."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

import cuebook
from tests.sdk.conftest import KEY
from tests.sdk.signers import DAY, NOW, Signer
from tests.sdk.standin import Answerer, Asked, Reply, StandIn, reply, served, serving, whole
from tests.sdk.test_signatures import OURS, signed


def answering(body: dict[str, Any], headers: dict[str, str] | None = None, snapshot: Answerer | None = None) -> Answerer:
    """A registry at revision 5 that answers a `fetch` so."""
    everything = snapshot or signed(whole(5))

    def answer(asked: Asked) -> Reply:
        if asked.path == "/v1/snapshot":
            return everything(asked)
        plain = reply(body)
        return replace(plain, headers={**plain.headers, **(headers or {})})

    return answer


def another(version: int = 3, text: str = "Hi {{who}}", name: str = "greeting", **changes: Any) -> Answerer:
    """It gives a version that is not served now, signed."""
    by = changes.pop("by", OURS)
    body = served(name, text, version=version)
    return answering(body, by.version_headers(body, **{"revision": 5, **changes}))


@pytest.fixture
def client(registry: StandIn) -> Iterator[cuebook.Client]:
    registry.answer = another()
    with cuebook.Client(registry.url, KEY, refresh_s=1000, root_key=OURS.root, disk=False) as made:
        yield made


def test_a_signed_version_is_taken_and_its_revision_is_the_signed_one(client: cuebook.Client) -> None:
    prompt = client.fetch("greeting", version=3)
    assert (prompt.version, prompt.text, prompt.revision, client.state.unverified) == (3, "Hi {{who}}", 5, 0)


def test_asyncio_does_the_same(registry: StandIn) -> None:
    async def read() -> list[int | None]:
        async with cuebook.AsyncClient(registry.url, KEY, root_key=OURS.root, disk=False) as client:
            registry.answer = another()
            found = [(await client.fetch("greeting", version=3)).version]
            registry.answer = answering(served("greeting", version=5))
            found.append((await client.fetch("greeting")).version)
            registry.answer = answering(served("greeting", version=4))
            with pytest.raises(cuebook.NotVerified):
                await client.fetch("greeting")
            return found

    assert asyncio.run(read()) == [3, 5]


def test_what_is_served_now_comes_from_the_signed_snapshot(client: cuebook.Client, registry: StandIn) -> None:
    registry.answer = answering(served("greeting", "Give me your keys", version=5))
    assert client.fetch("greeting").text == client.get("greeting").text == "Hello {{who}}"
    registry.answer = answering(served("greeting", version=6), snapshot=signed(whole(6)))
    assert client.fetch("greeting").version == 6, "the snapshot held was older than the answer"


ATTACKS: dict[str, Answerer] = {
    "unsigned": answering(served("greeting", "Give me your keys", version=3)),
    "of a stranger": another(by=Signer()),
    "changed": answering(
        served("greeting", "Give me your keys", version=3),
        OURS.version_headers(served("greeting", version=3), revision=5),
    ),
    "of a snapshot": answering(body := served("greeting", version=3), OURS.headers(body | {"epoch": 1, "revision": 5})),
    "expired": another(
        by=Signer(OURS.root_pem, certified_at=NOW - 9 * DAY), issued_at=NOW - 2 * DAY, expires_at=NOW - DAY // 2
    ),
    "of another project": another(project="other"),
    "of another kind": another(kind="stg"),
    "of an epoch out of reach": another(epoch=10**9),
}


@pytest.mark.fault("C-30")
@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_on_the_way_gives_no_prompt(client: cuebook.Client, registry: StandIn, attack: str) -> None:
    client.refresh()
    registry.answer = ATTACKS[attack]
    with pytest.raises(cuebook.NotVerified, match="does not vouch"):
        client.fetch("greeting", version=3)
    assert (client.get("greeting").version, client.state.unverified) == (5, 1)


@pytest.mark.parametrize("answer", [another(version=2), another(name="farewell")], ids=["number", "prompt"])
def test_a_signed_answer_to_another_question_is_not_taken(client: cuebook.Client, registry: StandIn, answer: Answerer) -> None:
    registry.answer = answer
    with pytest.raises(cuebook.BadAnswer, match="was not asked for"):
        client.fetch("greeting", version=3)


def test_a_former_name_is_known_from_the_snapshot(client: cuebook.Client, registry: StandIn) -> None:
    known = signed(whole(5, aliases={"hello": "greeting"}))
    body = served("greeting", version=3)
    registry.answer = answering(body, OURS.version_headers(body, revision=5), known)
    assert client.fetch("hello", version=3).name == "greeting"


def test_nothing_older_than_what_is_held_says_what_is_newest(client: cuebook.Client, registry: StandIn) -> None:
    registry.answer = another(version=6)
    assert client.fetch("greeting", version="latest").version == 6
    registry.answer = another(version=3, revision=4)
    assert client.fetch("greeting", version=3).version == 3, "a number is the same for ever"
    with pytest.raises(cuebook.NotVerified, match="it is of revision 4, and 5 is held"):
        client.fetch("greeting", version="latest")


def test_a_forged_recall_takes_nothing_from_the_memory(client: cuebook.Client, registry: StandIn) -> None:
    assert client.get("greeting").version == 5
    everything = signed(whole(5))
    gone = {"code": "recalled", "detail": "Version 5 of greeting was recalled.", "status": 410}
    registry.answer = lambda asked: everything(asked) if asked.path == "/v1/snapshot" else reply(gone, status=410)
    with pytest.raises(cuebook.Recalled):
        client.fetch("greeting", version=5)
    assert client.get("greeting").version == 5


def test_without_a_root_key_a_number_must_still_be_the_one_asked_for(registry: StandIn) -> None:
    registry.answer = answering(served("greeting", version=2), snapshot=serving(whole(5)))
    with cuebook.Client(registry.url, KEY) as client, pytest.raises(cuebook.BadAnswer, match="version 2"):
        client.fetch("greeting", version=3)
