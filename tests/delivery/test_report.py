"""What a relay tells of the clients behind it: whatever they did there is known at the origin, and nothing else is believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook_server.delivery import report
from cuebook_server.delivery.fleet import Fleet
from cuebook_server.delivery.report import ENTRIES_MAX, Report
from cuebook_server.domain.errors import BadRequest
from cuebook_server.domain.fleet import About, Arrival, Instance
from tests.delivery.client import TRIAGE, Answer, Node, Shop
from tests.delivery.test_relay import Relay, relay_key, relay_of

REPORT = "/v1/relay/report"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CLIENT = {"cuebook_client": "python/1.0 a network", "cuebook_applied": "1:1"}
MOMENTS = st.integers(0, 10**12).map(lambda ms: datetime.fromtimestamp(ms / 1000, UTC))
ORDERS = st.tuples(st.integers(0, 9), st.integers(0, 9))
WORDS = st.text("ab7", min_size=1, max_size=4)
INSTANCES = st.builds(
    Instance,
    selector=WORDS,
    about=st.builds(About, st.just("python/1.0"), WORDS, st.sampled_from(["network", "disk", "none"])),
    order=st.none() | ORDERS,
    arrivals=st.lists(st.builds(Arrival, ORDERS, MOMENTS), max_size=3).map(tuple),
    first_seen=MOMENTS,
    seen_at=MOMENTS,
    left=st.booleans(),
)
REPORTS = st.builds(
    Report,
    st.dictionaries(WORDS, MOMENTS),
    st.dictionaries(st.tuples(WORDS, st.none() | st.just(TRIAGE)), MOMENTS),
    st.lists(INSTANCES, max_size=4),
)


@given(REPORTS)
def test_a_report_reads_as_it_was_written(said: Report) -> None:
    read = [report.read(message, NOW) for message in report.messages(said)]
    assert {key: at for each in read for key, at in each.used.items()} == said.used
    assert {key: at for each in read for key, at in each.fetched.items()} == said.fetched
    assert [instance for each in read for instance in each.instances] == said.instances


def test_a_long_report_goes_in_several_messages() -> None:
    said = Report(used={f"k{n}": NOW for n in range(ENTRIES_MAX + 1)})
    assert [len(report.read(message, NOW).used) for message in report.messages(said)] == [ENTRIES_MAX, 1]


def test_nothing_was_heard_of_later_than_now() -> None:
    (message,) = report.messages(Report(used={"k": NOW + timedelta(days=9)}))
    assert report.read(message, NOW).used == {"k": NOW}


INSTANCE: list[Any] = ["k", "python/1 a network", [1, 1], [[1, 1, 5]], 5, 5]


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"[]",
        b"{",
        b'{"other": []}',
        b'{"used": 1}',
        b'{"used": [["k"]]}',
        b'{"used": [["k", -1]]}',
        b'{"used": [["k", 1e400]]}',
        b'{"used": [["k", true]]}',
        b'{"used": [[1, 1]]}',
        b'{"fetched": [["k", 0, 1]]}',
        orjson.dumps({"instances": [["k", "python/1 <b> network", *INSTANCE[2:]]]}),
        orjson.dumps({"instances": [[*INSTANCE[:2], [1, 10**9], *INSTANCE[3:]]]}),
        orjson.dumps({"instances": [[*INSTANCE[:3], [[1, 1, 5]] * 9, *INSTANCE[4:]]]}),
        orjson.dumps({"used": [["k", 1]] * (ENTRIES_MAX + 1)}),
    ],
)
def test_what_no_relay_writes_is_refused(shop: Shop, said: bytes) -> None:
    with pytest.raises(BadRequest):
        report.read(said, NOW)
    assert shop.node.post(REPORT, relay_key(shop), said).code == "bad_request"


def pass_on(relay: Relay) -> None:
    """What two jobs of a relay do now and then."""
    relay.board.write_uses()
    relay.app.fleet.flush(relay.board._source.heard)


def heard(node: Node) -> dict[str, tuple[str, tuple[int, int] | None]]:
    return {each.about.instance: (each.selector, each.order) for each in node.app.fleet.take()}


def selector(key: str) -> str:
    return key.split("_")[2]


def ask(relay: Relay, shop: Shop, path: str = "/v1/snapshot") -> Answer:
    return relay.get(path, shop.prd, **CLIENT)


def test_the_origin_knows_who_runs_behind_two_relays(shop: Shop) -> None:
    key = relay_key(shop)
    near = relay_of(shop.node, key)
    far = relay_of(near, key)
    ask(far, shop)
    pass_on(far)
    pass_on(near)
    assert heard(shop.node) == {"a": (selector(shop.prd), (1, 1))}
    assert selector(shop.prd) in shop.node.board.take_used()


@pytest.mark.parametrize(("path", "prompt"), [(f"/v1/prompts/{TRIAGE}", 1), ("/v1/snapshot", None)])
def test_the_origin_knows_what_they_take(shop: Shop, path: str, prompt: int | None) -> None:
    relay = relay_of(shop.node, relay_key(shop))
    ask(relay, shop, path)
    pass_on(relay)
    assert set(shop.node.board.take_fetched()) == {(selector(shop.prd), prompt)}, "and the relay itself takes nothing"


def test_while_it_is_cut_off_nothing_is_lost(shop: Shop) -> None:
    relay = relay_of(shop.node, relay_key(shop))
    ask(relay, shop)
    relay.line.cut = True
    with pytest.raises(Exception, match="Nobody answers"):
        relay.app.fleet.flush(relay.board._source.heard)
    relay.line.cut = False
    pass_on(relay)
    assert set(heard(shop.node)) == {"a"}


def test_a_relay_speaks_of_its_own_keys_only(shop: Shop) -> None:
    staging, stranger = relay_key(shop, "staging"), selector(shop.prd)
    about = About("python/1.0", "a", "network")
    said = Report({stranger: NOW, "nobody": NOW}, {(stranger, TRIAGE): NOW}, [Instance(stranger, about, None, (), NOW, NOW)])
    for message in report.messages(said):
        assert shop.node.post(REPORT, staging, message).status == 204
    assert set(shop.node.board.take_used()) == {selector(staging)}
    assert shop.node.board.take_fetched() == {}
    assert heard(shop.node) == {}


def test_prompts_that_are_not_there_are_left_out(shop: Shop) -> None:
    (message,) = report.messages(Report(fetched={(selector(shop.prd), "no.such"): NOW}))
    assert shop.node.post(REPORT, relay_key(shop), message).status == 204
    assert shop.node.board.take_fetched() == {}


def test_reports_are_for_relays(shop: Shop) -> None:
    assert shop.node.post(REPORT, shop.prd, b"{}").code == "wrong_key_kind"
    assert shop.node.get(REPORT, relay_key(shop)).status == 405
    assert shop.node.ask(REPORT, [], "POST", [b"{}"]).status == 401


def test_what_two_relays_say_of_one_client_is_joined() -> None:
    fleet, about = Fleet(), About("python/1.0", "a", "network")
    early, late = (
        Instance("k", about, (1, n), (Arrival((1, n), at),), at, at) for n, at in ((1, NOW), (2, NOW + timedelta(seconds=1)))
    )
    fleet.keep([late])
    fleet.keep([early])
    (found,) = fleet.take()
    assert (found.order, len(found.arrivals), found.first_seen) == ((1, 2), 2, early.first_seen)
