"""The audit chain: a change if and only if an entry, found broken at the right place, checked without a server."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook.audit import verify
from cuebook_server.domain.audit import AuditFilter
from cuebook_server.domain.errors import CuebookError, NotFound
from cuebook_server.services import audit, credentials, environments, prompts, releases
from tests.factories import Registry, item, request, text

Do = Callable[[Registry], object]
# What people do, each with the action it is recorded as; they build on `a` with versions 1 and 2 of which 1 is live.
DONE: dict[str, Do] = {
    "version.saved": lambda r: r.save("a", "z"),
    "prompt.described": lambda r: r.do(prompts.describe, "a", {"owner": "me"}),
    "release.promote": lambda r: r.promote("a@2", to="staging"),
    "release.rollback": lambda r: (r.promote("a@2", to="staging"), r.rollback("a", to="staging")),
    "release.retire": lambda r: r.retire("a"),
    "environment.created": lambda r: r.do(environments.create, "canary"),
    "environment.changed": lambda r: r.do(environments.change, "staging", position=7),
    "key.created": lambda r: r.do(credentials.create_key, environment="staging", name="k"),
    "key.rotated": lambda r: r.do(credentials.rotate_key, key(r), overlap_s=0),
    "key.revoked": lambda r: r.do(credentials.revoke_key, key(r)),
    "token.created": lambda r: r.do(credentials.create_token, name="t", role="viewer"),
    "token.revoked": lambda r: r.do(
        credentials.revoke_token, r.do(credentials.create_token, name="t", role="viewer").row.selector
    ),
}
REFUSED: list[Do] = [
    lambda r: r.save("a", "z", base=1),
    lambda r: r.save("b", "{{> nothing}}"),
    lambda r: r.do(prompts.describe, "a", {"owner": "\n"}),
    lambda r: r.promote("a@2", to="production"),
    lambda r: r.promote("a@2", "nothing", to="staging"),
    lambda r: r.rollback("a"),
    lambda r: r.retire("nothing"),
    lambda r: r.do(environments.create, "staging"),
    lambda r: r.do(environments.change, "staging", policy={"comes_from": "staging"}),
    lambda r: r.do(credentials.create_key, environment="nowhere", name="k"),
    lambda r: r.do(credentials.rotate_key, key(r), overlap_s=-1),
    lambda r: r.do(credentials.create_token, name="", role="viewer"),
    lambda r: r.do_as(r.people.colleague, releases.create, request("promote", "staging", "a@2")),
]


@pytest.fixture
def registry(registry: Registry) -> Registry:
    registry.do(credentials.create_key, environment="production", name="app")
    for content in ("x", "y"):
        registry.save("a", content)
    registry.ship("a", 1)
    return registry


def key(registry: Registry) -> str:
    return registry.ask(credentials.list_keys)[0].selector


@pytest.mark.parametrize("action", DONE)
def test_what_is_done_is_recorded(registry: Registry, action: str) -> None:
    DONE[action](registry)
    entry = registry.audit()[-1]
    assert (entry["action"], entry["principal"], entry["request_id"]) == (action, "owner", "test")
    assert entry["credential"] == registry.people.owner.actor.credential
    assert verify(registry.audit()).intact


@pytest.mark.parametrize("attempt", REFUSED)
def test_what_is_refused_leaves_neither_change_nor_entry(registry: Registry, attempt: Do) -> None:
    before = everything(registry)
    with pytest.raises(CuebookError):
        attempt(registry)
    assert everything(registry) == before


def everything(registry: Registry) -> list[str]:
    """Every row of every table of ours."""
    from cuebook_server.store.schema import metadata

    with registry.database.read() as connection:
        return [str(row) for table in metadata.sorted_tables for row in connection.execute(table.select())]


def test_an_import_records_each_version(registry: Registry) -> None:
    before = len(registry.audit())
    registry.imported(item("b", "x"), item("Bad", "x"), item("c", "x"))
    assert [entry["target"] for entry in registry.audit()[before:]] == ["b", "c"]


def test_a_release_says_what_and_why(registry: Registry) -> None:
    entry = registry.audit()[-1]
    digest = registry.ask(prompts.version, "a", "1").digest
    assert (entry["reason"], entry["environment"], entry["revision"]) == ("because", "production", 1)
    assert (entry["before"], entry["after"]) == ({"a": None}, {"a": {"version": 1, "digest": digest}})


def test_nobody_else_reads_the_chain(registry: Registry) -> None:
    with pytest.raises(NotFound), registry.units.read() as uow:
        audit.entries(registry.people.stranger.actor, uow, "desk", AuditFilter(), after=0, limit=1)


def test_the_chain_is_read_a_page_at_a_time(registry: Registry) -> None:
    chain = registry.audit()
    page = registry.ask(audit.entries, AuditFilter(), after=2, limit=3)
    assert [entry["seq"] for entry in page] == [3, 4, 5]
    assert verify(page, previous=chain[1]["hash"], first=3).intact


def test_the_chain_survives_every_text(registry: Registry) -> None:
    registry.do(prompts.save, "b", prompts.Draft(text("x"), message="\U0001f600 \u2028 \x01 ünï \\ \" '"))
    exported = [json.loads(json.dumps(entry)) for entry in registry.audit()]
    assert verify(exported).entries == len(exported)
    assert verify(exported).intact


CHAIN: list[dict[str, Any]] = []


@pytest.fixture
def chain(registry: Registry) -> list[dict[str, Any]]:
    CHAIN[:] = registry.audit()
    return CHAIN


@pytest.mark.usefixtures("chain")
def test_whatever_is_changed_dropped_or_moved_is_found(registry: Registry) -> None:
    @given(st.data())
    def law(data: st.DataObject) -> None:
        broken = copy.deepcopy(CHAIN)
        place = data.draw(st.integers(0, len(broken) - 2))
        match data.draw(st.sampled_from(["change", "drop", "swap", "repeat"])):
            case "change":
                field = data.draw(st.sampled_from(sorted(broken[place])))
                broken[place][field] = "forged"
            case "drop":
                del broken[place]
            case "swap":
                broken[place], broken[place + 1] = broken[place + 1], broken[place]
            case _:
                broken.insert(place + 1, broken[place])
        found = verify(broken)
        assert found.broken_at in {place + 1, place + 2}

    law()


def test_nothing_happened_in_an_environment_that_does_not_exist(registry: Registry) -> None:
    """Whoever mistyped `production` read that nothing had happened there."""
    assert registry.ask(audit.entries, AuditFilter(environment="development"), after=0, limit=9) == []
    with pytest.raises(NotFound, match="productoin"):
        registry.ask(audit.entries, AuditFilter(environment="productoin"), after=0, limit=9)
    with pytest.raises(NotFound, match="productoin"):
        registry.ask(audit.latest, AuditFilter(environment="productoin"), before=9, limit=9)
