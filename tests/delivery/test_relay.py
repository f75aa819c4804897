"""A relay over an origin in the same process: the same bytes, the same refusals, and what it does when it is cut off."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cuebook import signing
from cuebook_server.delivery import keyset, line, upstream
from cuebook_server.delivery.app import Delivery
from cuebook_server.delivery.board import Board
from cuebook_server.delivery.last_known_good import LastKnownGood
from cuebook_server.delivery.line import Line
from cuebook_server.delivery.pinned import Pinned
from cuebook_server.delivery.upstream import DEPTH_MAX, Upstream
from cuebook_server.domain.errors import Unavailable
from tests.delivery.client import TRIAGE, Answer, Node, Shop, make_shop
from tests.delivery.memory import text
from tests.delivery.test_signatures import Files
from tests.sdk.standin import Reply, StandIn

ENVIRONMENTS = ("staging", "production")
KEYSET_S = 3_600  # what is signed for the shortest time
PATHS = ["/v1/snapshot", "/v1/prompts", f"/v1/prompts/{TRIAGE}"]


class Wire(Line):
    """The line to a node in this process. ``cut``: nobody answers. ``spoil`` changes answers on their way."""

    def __init__(self, node: Node, key: str) -> None:
        self.node, self.key, self.url, self.cut = node, key, "the origin", False
        self.asked: list[str] = []

    def get(self, path: str, params: Mapping[str, str], etag: str = "") -> line.Answer:
        if self.cut:
            raise Unavailable("Nobody answers.")
        self.asked.append(path)
        query = "&".join(f"{name}={value}" for name, value in params.items())
        headers = {"accept_encoding": "gzip", **({"if_none_match": etag} if etag else {})}
        found = self.spoil(self.node.get(f"{path}?{query}" if query else path, self.key, **headers))
        answer = line.Answer(found.status, found.headers, found.body)
        if answer.status not in (200, 304):
            raise line._refusal(answer)
        return answer

    def post(self, path: str, body: bytes) -> None:
        if self.cut:
            raise Unavailable("Nobody answers.")
        answer = self.node.post(path, self.key, body)
        if answer.status != 204:
            raise line._refusal(line.Answer(answer.status, answer.headers, answer.body))

    def spoil(self, answer: Answer) -> Answer:
        return answer

    def close(self) -> None:
        self.cut = True


class Relay(Node):
    """A node whose source is another."""

    line: Wire


def relay_of(node: Node, key: str, *, copy: LastKnownGood | None = None, **options: Any) -> Relay:
    wire = Wire(node, key)
    source = Upstream(wire, options.pop("roots", frozenset()))
    pinned = Pinned(source, origin=source.another)
    board = Board(source, retain=pinned.retain, fall_back=copy.load if copy else None, **options)
    made = Relay(None, board, pinned, Delivery(board, pinned, signatures=source))  # type: ignore[arg-type]  # nobody writes to a relay
    made.line = wire
    board.refresh_now()
    return made


def relay_key(shop: Shop, *names: str) -> str:
    made = shop.source.add_key(shop.environments["production"], "rly", relays=names or ENVIRONMENTS)
    assert shop.node.board.refresh_now()
    return made


@pytest.fixture
def relay(shop: Shop) -> Relay:
    return relay_of(shop.node, relay_key(shop))


def told(answer: Answer) -> tuple[int, bytes, dict[str, str]]:
    return answer.status, answer.body, {k: v for k, v in answer.headers.items() if k not in ("cuebook-depth", "cuebook-as-of")}


def same(shop: Shop, relay: Relay, path: str, environment: str = "production", **headers: str) -> None:
    here, there = relay.get(path, shop.keys[environment], **headers), shop.get(path, environment, **headers)
    assert told(here) == told(there)


# --- the same ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("path", PATHS)
def test_every_tier_answers_with_the_same_bytes_and_tags(shop: Shop, relay: Relay, path: str, environment: str) -> None:
    same(shop, relay, path, environment)
    same(shop, relay, path, environment, accept_encoding="gzip")
    same(shop, relay, path, environment, if_none_match=shop.get(path, environment).headers["etag"])


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=5), below, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(st.text(), VALUES)
def test_whatever_a_version_holds_its_bytes_are_the_same_on_a_relay(said: str, value: Any) -> None:
    shop = make_shop()
    content = {**text(said), "model": {"provider": "p", "name": "n", "parameters": {"a": value}}}
    try:
        number = shop.source.save("odd", content)
    except ValueError:  # no canonical JSON: nobody can save it
        return
    shop.release("production", "odd", number)
    relay = relay_of(shop.node, relay_key(shop))
    for path in ("/v1/prompts/odd", "/v1/prompts", "/v1/snapshot"):
        same(shop, relay, path)


def test_releases_retirements_aliases_and_recalls_arrive(shop: Shop, relay: Relay) -> None:
    shop.release("production", TRIAGE, 2)
    shop.release("staging", TRIAGE, None)
    shop.source.alias("old.triage", TRIAGE)
    shop.source.recalls.append((1, TRIAGE, 1))
    assert shop.node.board.refresh_now()
    assert relay.board.refresh_now()
    for path in (*PATHS, "/v1/prompts/old.triage", f"/v1/prompts/{TRIAGE}?version=1"):
        same(shop, relay, path)
    same(shop, relay, PATHS[2], "staging")
    assert relay.get(PATHS[2], shop.keys["staging"]).code == "retired"


@pytest.mark.parametrize("version", ["1", "2", "3", "9", "latest", "stable", "x"])
@pytest.mark.parametrize("pins", ["live", "any"])
def test_another_version_is_the_origins_to_give(shop: Shop, relay: Relay, version: str, pins: str) -> None:
    shop.set_policy("production", pins=pins)
    assert relay.board.refresh_now()
    same(shop, relay, f"/v1/prompts/{TRIAGE}?version={version}")


def test_what_was_replaced_is_remembered_when_the_origin_is_away(shop: Shop, relay: Relay) -> None:
    shop.release("production", TRIAGE, 2)
    assert relay.board.refresh_now()
    relay.line.cut = True
    assert relay.get(f"/v1/prompts/{TRIAGE}?version=1", shop.prd).json["version"] == 1
    assert relay.get(f"/v1/prompts/{TRIAGE}?version=3", shop.prd).status == 503


def test_a_release_between_keyset_and_snapshot_is_told_on_as_the_origin_tells_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The relay gave it the moment of the release before, for good: no relay behind it took a keyset of no signature."""
    key = relay_key(shop)
    relay = relay_of(shop.node, key)
    ask, versions = relay.line.get, iter((3,))

    def get(path: str, params: Mapping[str, str], etag: str = "") -> line.Answer:
        if path == "/v1/snapshot" and (version := next(versions, None)):
            shop.release("production", TRIAGE, version)
        return ask(path, params, etag)

    monkeypatch.setattr(relay.line, "get", get)
    shop.release("production", TRIAGE, 2)
    for _ in range(2):
        assert relay.board.refresh_now()
    assert relay.get("/v1/relay/keyset", key).body == shop.node.get("/v1/relay/keyset", key).body
    same(shop, relay, PATHS[2])


def test_nothing_is_fetched_that_did_not_change(shop: Shop, relay: Relay) -> None:
    relay.line.asked.clear()
    shop.release("staging", TRIAGE, 1)
    for _ in range(3):
        assert relay.board.refresh_now()
    assert relay.line.asked.count("/v1/snapshot") == 1


# --- who may -------------------------------------------------------------------------------------------------------------
def test_a_relay_knows_the_keys_of_its_environments_and_no_other(shop: Shop, relay: Relay) -> None:
    assert relay.get(PATHS[2], shop.prd).status == 200
    for stranger in (shop.keys["development"], "cue_prd_unknown", None):
        assert relay.get(PATHS[2], stranger).status == 401
    body = shop.node.get("/v1/relay/keyset", relay.line.key).body
    assert shop.prd.encode() not in body
    assert {key.environment for key in keyset.from_bytes(body).keys} == set(ENVIRONMENTS)


def test_a_revoked_key_is_refused_after_the_next_look(shop: Shop, relay: Relay) -> None:
    mine = next(row for row in shop.source.delivery_keys.values() if row.environment == "production" and not row.relays)
    shop.source.change_key(replace(mine, revoked_at=mine.created_at))
    assert shop.node.board.refresh_now()
    assert relay.board.refresh_now()
    assert relay.get(PATHS[2], shop.prd).code == "key_revoked"


@pytest.mark.parametrize(
    ("path", "refused"),
    [
        (PATHS[2], (400, "bad_request")),
        (f"{PATHS[2]}?environment=development", (403, "environment_mismatch")),
        ("/v1/snapshot", (400, "bad_request")),
        ("/v1/snapshot?environment=other", (403, "environment_mismatch")),
        ("/v1/events?environment=development", (403, "environment_mismatch")),
    ],
)
def test_a_relays_key_reads_what_it_names_of_its_own(shop: Shop, path: str, refused: tuple[int, str]) -> None:
    answer = shop.node.get(path, relay_key(shop))
    assert (answer.status, answer.code) == refused


def test_a_relays_key_is_of_one_project(shop: Shop) -> None:
    shop.source.add_environment("elsewhere", project=2)
    key = relay_key(shop, "production", "elsewhere")
    assert shop.node.get("/v1/snapshot?environment=elsewhere", key).status == 503
    assert [one.name for one in keyset.from_bytes(shop.node.get("/v1/relay/keyset", key).body).environments] == ["production"]


def test_the_keyset_is_for_relays(shop: Shop) -> None:
    assert shop.get("/v1/relay/keyset").code == "wrong_key_kind"
    assert shop.node.get("/v1/relay/keyset", None).status == 401
    assert shop.node.get("/v1/relay/keyset?environment=production", relay_key(shop)).code == "unknown_parameter"


# --- cut off -------------------------------------------------------------------------------------------------------------
class Clock:
    now = time.time()

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(("stale_s_max", "serves_s"), [(0, 3_600), (60, 60), (10**6, 10**6)])
def test_cut_off_it_serves_as_long_as_it_may(shop: Shop, stale_s_max: int, serves_s: int) -> None:
    relay, clock = relay_of(shop.node, relay_key(shop), stale_s_max=stale_s_max), Clock()
    relay.app._clock = relay.board._clock = clock
    relay.line.cut = True
    assert not relay.board.refresh_now()
    clock.now = relay.board.as_of + serves_s - 1
    answer = relay.get(PATHS[2], shop.prd)
    assert (answer.status, int(answer.headers["cuebook-stale"])) == (200, serves_s - 1)
    clock.now += 2
    assert relay.get(PATHS[2], shop.prd).code == "too_stale"


def test_the_age_is_the_origins(shop: Shop, relay: Relay) -> None:
    known_at = int(time.time()) - 100
    shop.node.board._confirm(known_at)
    assert relay.board.refresh_now()
    answer = relay.get(PATHS[2], shop.prd)
    assert int(answer.headers["cuebook-as-of"]) == known_at * 1000
    assert int(answer.headers["cuebook-stale"]) >= 100


def test_a_start_without_the_origin_gives_the_same_bytes(shop: Shop, tmp_path: Path) -> None:
    key, copy = relay_key(shop), LastKnownGood(tmp_path / "copy", "origin", 10**8)
    before = relay_of(shop.node, key)
    copy.keep(before.board)
    wire = Wire(shop.node, key)
    wire.cut = True
    source = Upstream(wire)
    pinned = Pinned(source, origin=source.another)
    board = Board(source, fall_back=LastKnownGood(tmp_path / "copy", "origin", 10**8).load)
    board.refresh_now()
    after = Relay(None, board, pinned, Delivery(board, pinned, signatures=source))  # type: ignore[arg-type]  # as above
    for path in PATHS:
        for coding in ("identity", "gzip"):
            one, other = (node.get(path, shop.prd, accept_encoding=coding) for node in (before, after))
            assert told(one) == told(other)
            assert one.headers["cuebook-depth"] == other.headers["cuebook-depth"] == "1"
    wire.cut = False
    shop.release("production", TRIAGE, 2)
    assert board.refresh_now()
    assert after.get(PATHS[2], shop.prd).json["version"] == 2


# --- tiers ---------------------------------------------------------------------------------------------------------------
def test_a_relay_of_a_relay_is_told_the_same(shop: Shop) -> None:
    key = relay_key(shop)
    first = relay_of(shop.node, key)
    second = relay_of(first, key)
    for path in PATHS:
        same(shop, second, path)
    assert first.get("/v1/relay/keyset", key).body == shop.node.get("/v1/relay/keyset", key).body
    assert second.get(PATHS[0], shop.prd).headers["cuebook-depth"] == "2"
    narrower = relay_of(first, relay_key(shop, "production"))
    assert narrower.board.environments == {}, "the first relay has not heard of that key yet"
    assert first.board.refresh_now()
    assert narrower.board.refresh_now()
    assert [one.environment.name for one in narrower.board.environments.values()] == ["production"]


def test_a_circle_of_relays_ends(shop: Shop) -> None:
    key = relay_key(shop)
    one = relay_of(shop.node, key)
    other = relay_of(one, key)
    one.line.node = other  # from now on each asks the other
    last_word = one.board.as_of
    rounds = [node.board.refresh_now() for _ in range(DEPTH_MAX) for node in (one, other)]
    assert False in rounds
    assert one.board.as_of == other.board.as_of == last_word, "however long they tell each other, it is no news"


# --- signatures ----------------------------------------------------------------------------------------------------------
@pytest.fixture
def files(shop: Shop, tmp_path: Path) -> Files:
    made = Files(tmp_path)
    made.certify()
    shop.node.app = Delivery(shop.node.board, shop.node.pinned, signatures=made.signatures())
    return made


def test_signatures_pass_through(shop: Shop, files: Files) -> None:
    key, roots = relay_key(shop), frozenset({signing.public_of(files.root)})
    first = relay_of(shop.node, key, roots=roots)
    second = relay_of(first, key, roots=roots)
    same(shop, second, "/v1/snapshot")
    assert files.read(second.get("/v1/snapshot", shop.prd)).environment == "production"
    assert second.get("/v1/relay/keyset", key).headers == {**first.get("/v1/relay/keyset", key).headers, "cuebook-depth": "2"}


PINNED = f"/v1/prompts/{TRIAGE}?version=3"


@pytest.fixture
def pinning(shop: Shop) -> None:
    shop.set_policy("production", pins="any", latest_allowed=True)


@pytest.mark.usefixtures("pinning")
@pytest.mark.parametrize("path", [PINNED, f"/v1/prompts/{TRIAGE}?version=latest", f"/v1/prompts/{TRIAGE}?version=stable"])
def test_the_signature_of_another_version_passes_through(shop: Shop, files: Files, path: str) -> None:
    key, roots = relay_key(shop), frozenset({signing.public_of(files.root)})
    first = relay_of(shop.node, key, roots=roots)
    same(shop, relay_of(first, key, roots=roots), path)


@pytest.mark.usefixtures("pinning")
def test_a_version_is_asked_for_again_when_its_signature_grows_old(
    shop: Shop, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay = relay_of(shop.node, relay_key(shop))
    first = [relay.get(PINNED, shop.prd) for _ in range(2)]
    assert relay.line.asked.count(f"/v1/prompts/{TRIAGE}") == 1
    files.now += 86_400 // 2 + 1
    monkeypatch.setattr("cuebook_server.delivery.pinned.time", SimpleNamespace(time=lambda: files.now))
    relay.line.cut = True
    assert told(relay.get(PINNED, shop.prd)) == told(first[0]), "it still counts for as long again"
    relay.line.cut = False
    assert files.read(relay.get(PINNED, shop.prd), signing.VERSION).issued_at == int(files.now)


@pytest.mark.usefixtures("pinning")
def test_what_was_replaced_is_asked_for_because_it_has_no_signature_here(shop: Shop, files: Files) -> None:
    relay = relay_of(shop.node, relay_key(shop))
    shop.release("production", TRIAGE, 2)
    assert relay.board.refresh_now()
    assert files.read(relay.get(f"/v1/prompts/{TRIAGE}?version=1", shop.prd), signing.VERSION).revision == 2


@pytest.mark.usefixtures("pinning")
def test_a_version_that_nothing_vouches_for_is_not_passed_on(shop: Shop, files: Files) -> None:
    relay = relay_of(shop.node, relay_key(shop), roots=frozenset({signing.public_of(files.root)}))
    relay.line.spoil = lambda answer: replace(answer, body=answer.body.replace(b"Version 3", b"Version X"))  # type: ignore[method-assign]  # this line is spoilt
    answer = relay.get(PINNED, shop.prd)
    assert (answer.status, answer.json["detail"].partition(":")[0]) == (503, "Nothing vouches for this version")


def test_another_life_of_the_keyset_is_told_on(shop: Shop, files: Files) -> None:
    key = relay_key(shop)
    relay = relay_of(shop.node, key)
    before = relay.get("/v1/relay/keyset", key)
    shop.node.app = Delivery(shop.node.board, shop.node.pinned, signatures=files.signatures(), keyset_s=KEYSET_S // 2)
    assert relay.board.refresh_now()
    after = relay.get("/v1/relay/keyset", key)
    assert after.body == shop.node.get("/v1/relay/keyset", key).body != before.body
    assert signing.STATEMENT_HEADER in after.headers


def test_a_renewed_signature_arrives_although_nothing_else_changed(shop: Shop, files: Files) -> None:
    relay = relay_of(shop.node, relay_key(shop))
    before = relay.get("/v1/snapshot", shop.prd)
    files.now += 86_400 // 2 + 1
    relay.board._source._renewed_at -= 60  # type: ignore[attr-defined]  # as if a minute had passed
    assert relay.board.refresh_now()
    after = relay.get("/v1/snapshot", shop.prd)
    assert after.headers["etag"] == before.headers["etag"]
    assert files.read(after).issued_at == int(files.now)
    same(shop, relay, "/v1/snapshot")


class Spoilt(Wire):
    """Somebody on the way writes other texts into what passes."""

    def spoil(self, answer: Answer) -> Answer:
        if answer.headers.get("content-encoding") != "gzip":
            return answer
        body = line.Answer(200, answer.headers, answer.body).body.replace(b"Version", b"Evil")
        headers = {name: value for name, value in answer.headers.items() if name != "content-encoding"}
        return replace(answer, headers=headers, body=body)


def test_a_relay_that_knows_the_root_takes_nothing_that_was_changed(shop: Shop, files: Files) -> None:
    relay = relay_of(shop.node, relay_key(shop), roots=frozenset({signing.public_of(files.root)}))
    shop.release("production", TRIAGE, 2)
    relay.line.spoil = Spoilt(shop.node, "").spoil  # type: ignore[method-assign]  # from now on
    assert not relay.board.refresh_now()
    assert relay.get(PATHS[2], shop.prd).json["version"] == 1


def test_a_relay_takes_nothing_whose_signature_has_expired(shop: Shop, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever stands in between could serve yesterday's state for ever."""
    relay = relay_of(shop.node, relay_key(shop), roots=frozenset({signing.public_of(files.root)}))
    shop.release("production", TRIAGE, 2)
    later = files.now + KEYSET_S + upstream.SKEW_S
    for now, taken in ((later + 1, False), (later - 1, True)):
        monkeypatch.setattr(upstream, "time", SimpleNamespace(time=partial(float, now), monotonic=time.monotonic))
        assert relay.board.refresh_now() is taken
        assert relay.get(PATHS[2], shop.prd).json["version"] == 1 + taken


def test_a_keyset_reads_as_it_was_written(shop: Shop) -> None:
    body = shop.node.get("/v1/relay/keyset", relay_key(shop)).body
    assert keyset.to_bytes(keyset.from_bytes(body)) == body
    assert orjson.loads(body) == json.loads(body)


def test_who_used_keys_last_is_told_before_a_relay_that_stops_hangs_up() -> None:
    with StandIn(lambda _: Reply(204)).running() as origin:
        source = Upstream(Line(origin.url, "key"), frozenset())
        source.stop()
        source.used({"selector": datetime.now(UTC)})
        source.close()
        assert [asked.path for asked in origin.asked] == ["/v1/relay/report"]
