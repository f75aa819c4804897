"""The list and the snapshot: always one revision, built once, in each coding with a tag of its own."""

from __future__ import annotations

import asyncio
import gzip
import threading
import time
from typing import Any

import pytest

from cuebook import wire
from cuebook_server.delivery import etags, whole
from tests.delivery.client import TRIAGE, Shop
from tests.delivery.memory import PROJECT, text

PATHS = ["/v1/prompts", "/v1/snapshot"]


def test_the_list_holds_names_versions_and_digests(shop: Shop) -> None:
    shop.release("production", "draft.only", 1)
    listed = shop.get("/v1/prompts").json
    served = [shop.get(f"/v1/prompts/{name}").json for name in ("draft.only", TRIAGE)]
    assert listed == {"items": [{k: prompt[k] for k in ("name", "version", "digest")} for prompt in served], "next": None}


def test_the_snapshot_holds_what_each_prompt_is_served_with(shop: Shop) -> None:
    snapshot = wire.loads(shop.get("/v1/snapshot").body)
    assert snapshot["prompts"] == [shop.get(f"/v1/prompts/{TRIAGE}").json]
    assert (snapshot["environment"], snapshot["epoch"], snapshot["revision"]) == ("production", 1, 1)


@pytest.mark.parametrize("path", PATHS)
def test_each_coding_has_its_own_tag_and_the_same_content(shop: Shop, path: str) -> None:
    plain, zipped = shop.get(path), shop.get(path, accept_encoding="br, gzip;q=0.8")
    assert "content-encoding" not in plain.headers
    assert zipped.headers["content-encoding"] == "gzip"
    assert gzip.decompress(zipped.body) == plain.body
    assert [etags.of(answer.body).decode() for answer in (plain, zipped)] == [a.headers["etag"] for a in (plain, zipped)]
    assert shop.get(path, accept_encoding="gzip", if_none_match=zipped.headers["etag"]).status == 304
    assert shop.get(path, accept_encoding="gzip", if_none_match=plain.headers["etag"]).status == 200


@pytest.mark.parametrize("accepted", ["", "br", "gzip;q=0", "gzip; q=0.000", "identity"])
def test_gzip_is_sent_only_to_who_takes_it(shop: Shop, accepted: str) -> None:
    assert "content-encoding" not in shop.get("/v1/snapshot", accept_encoding=accepted).headers


@pytest.mark.parametrize("path", PATHS)
def test_a_release_is_in_the_next_answer(shop: Shop, path: str) -> None:
    before = shop.get(path)
    shop.release("production", TRIAGE, 2)
    after = shop.get(path, if_none_match=before.headers["etag"])
    assert (after.status, after.headers["cuebook-revision"]) == (200, "2")
    assert b'"version":2' in after.body


def test_aliases_and_retired_prompts_are_told(shop: Shop) -> None:
    shop.get("/v1/snapshot")
    shop.source.alias("old.triage", TRIAGE)
    shop.source.alias("old.draft", "draft.only")
    shop.node.board.refresh_now()
    assert shop.get("/v1/snapshot").json["aliases"] == {"old.triage": TRIAGE}
    shop.release("production", TRIAGE, None)
    snapshot = shop.get("/v1/snapshot").json
    assert (snapshot["prompts"], snapshot["retired"]) == ([], [TRIAGE])


def test_recalled_versions_are_told_to_whom_they_were_served(shop: Shop) -> None:
    """Without a new revision too: no environment serves what is recalled here."""
    before = shop.get("/v1/snapshot", "staging")
    assert before.json["recalled"] == {}
    shop.source.recalls += [(PROJECT, TRIAGE, number) for number in (3, 1)]
    shop.release("production", TRIAGE, 2)
    after = shop.get("/v1/snapshot", "staging", if_none_match=before.headers["etag"])
    assert (after.status, after.json["recalled"], after.json["revision"]) == (200, {TRIAGE: [1]}, before.json["revision"])
    assert shop.get("/v1/snapshot", "development").json["recalled"] == {TRIAGE: [1, 3]}
    shop.source.save("other", text("x"), project=PROJECT)
    shop.release("production", "other", 1)
    shop.release("production", TRIAGE, None)
    assert shop.get("/v1/snapshot").json["recalled"] == {}, "nobody is served what is retired"


def test_many_who_ask_at_once_share_one_build(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    def slowly(*given: Any) -> Any:
        made.append(given[0].revision)
        time.sleep(0.05)
        return make(*given)

    make = whole.make
    monkeypatch.setattr(whole, "make", slowly)

    async def crowd() -> list[Any]:
        headers = [("authorization", f"Bearer {shop.prd}")]
        first = asyncio.gather(*(shop.node._ask("/v1/snapshot", headers, "GET", [b""], "::1") for _ in range(5)))
        await asyncio.sleep(0.01)
        shop.release("production", TRIAGE, 2)
        later = await asyncio.gather(*(shop.node._ask("/v1/snapshot", headers, "GET", [b""], "::1") for _ in range(5)))
        return [*await first, *later]

    answers = asyncio.run(crowd())
    assert made == [1, 2]
    assert [answer.headers["cuebook-revision"] for answer in answers] == ["1"] * 5 + ["2"] * 5
    assert all(wire.loads(answer.body)["revision"] == int(answer.headers["cuebook-revision"]) for answer in answers)


def test_min_revision_looks_for_what_was_just_committed(shop: Shop) -> None:
    """Another node committed; this one has not heard of it, but is asked for it."""
    shop.source.release(shop.environments["production"], TRIAGE, 3)
    answer = shop.get("/v1/snapshot?min_revision=2")
    assert (answer.status, answer.headers["cuebook-revision"]) == (200, "2")


def test_min_revision_waits_half_a_second_at_most(shop: Shop) -> None:
    started = time.monotonic()
    answer = shop.get("/v1/snapshot?min_revision=2")
    assert (answer.status, answer.code, answer.json["revision"]) == (503, "not_yet", 1)
    assert answer.headers["retry-after"] == "1"
    assert 0.4 < time.monotonic() - started < 5


def test_min_revision_does_not_hang_with_its_source(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()
    monkeypatch.setattr(shop.source, "heads", lambda: gate.wait(10))
    assert shop.get("/v1/snapshot?min_revision=2").code == "not_yet"
    gate.set()


@pytest.mark.parametrize("query", ["min_revision=", "min_revision=-1", "min_revision=1.0", "min_revision=" + "9" * 16, "min=1"])
def test_other_queries_are_refused(shop: Shop, query: str) -> None:
    assert shop.get(f"/v1/snapshot?{query}").status == 400


def test_the_list_takes_no_version(shop: Shop) -> None:
    assert shop.get("/v1/prompts?version=1").code == "unknown_parameter"
    assert shop.get("/v1/prompts?environment=staging").code == "environment_mismatch"
