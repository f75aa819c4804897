"""Who looked at what is live: one entry a person, version and environment within an hour; nobody is kept from looking."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cuebook_server.domain.errors import BaseMoved, ReadOnly
from cuebook_server.services import prompts, reads
from cuebook_server.services.reads import READ_TOLD_EVERY_S
from tests.factories import Registry, text
from tests.people import PROJECT, Person


@pytest.fixture
def live(registry: Registry) -> Registry:
    """Version 1 of `a` is live everywhere, version 2 in development."""
    registry.save("a", "one")
    registry.ship("a", 1)
    registry.save("a", "two")
    return registry


def look(registry: Registry, which: str, name: str = "a", who: Person | None = None) -> None:
    """A person looks, as the management API lets them."""
    actor = (who or registry.people.owner).actor
    with registry.units.read() as uow:
        prompts.version(actor, uow, PROJECT, name, which)
    assert reads.write(actor, registry.units, uow.reads) == ()


def told(registry: Registry) -> list[tuple[Any, ...]]:
    """Who read what where, as the chain has it."""
    entries = [entry for entry in registry.audit() if entry["action"] == "content.read"]
    return [(e["principal"], e["target"], e["environment"], e["revision"], e["after"]["version"]) for e in entries]


def test_a_look_at_what_is_live_in_production_is_told(live: Registry) -> None:
    look(live, "production")
    assert told(live) == [("owner", "a@1", "production", 1, 1)]
    (entry,) = [entry for entry in live.audit() if entry["action"] == "content.read"]
    assert entry["credential"] == live.people.owner.actor.credential
    assert entry["after"]["digest"] == live.ask(prompts.version, "a", "1").digest


def test_once_an_hour_for_each_person_and_version(live: Registry) -> None:
    for who in (live.people.owner, live.people.owner, live.people.colleague):
        look(live, "1", who=who)
    assert [entry[0] for entry in told(live)] == ["owner", "colleague"]
    live.clock.tick(READ_TOLD_EVERY_S + 1)
    look(live, "1")
    live.ship("a", 2)
    look(live, "2")
    assert [entry[:2] for entry in told(live)[2:]] == [("owner", "a@1"), ("owner", "a@2")]


def test_what_is_not_live_there_is_anybodys_to_read(live: Registry) -> None:
    look(live, "2")
    live.rules(reads_audited=False)
    look(live, "1")
    assert told(live) == []


def test_an_environment_that_tracks_latest_can_audit_too(live: Registry) -> None:
    live.rules("development", reads_audited=True)
    look(live, "2")
    assert told(live) == [("owner", "a@2", "development", 2, 2)]


def test_services_are_not_people(live: Registry) -> None:
    look(live, "1", who=live.people.owner.as_service("owner"))
    assert told(live) == []


def test_a_fragment_is_read_with_what_includes_it(live: Registry) -> None:
    live.save("b", text("{{> a}}", includes={"a": 1}))
    live.save("c", text("{{> b}}"))
    look(live, "1", "c")
    assert [entry[1] for entry in told(live)] == ["a@1"]


def test_who_includes_a_fragment_sees_its_text_in_the_answer(live: Registry) -> None:
    actor = live.people.owner.actor
    with live.units.write() as uow:
        prompts.save(actor, uow, PROJECT, "thief", prompts.Draft(text("{{> a}}", includes={"a": 1})))
    assert [(read.prompt, read.version) for read in uow.reads] == [("a", 1)]


def test_a_conflict_shows_the_other_side(live: Registry) -> None:
    live.ship("a", 2)
    with pytest.raises(BaseMoved), live.units.write() as uow:
        prompts.save(live.people.colleague.actor, uow, PROJECT, "a", prompts.Draft(text("three"), base=1))
    assert [(read.prompt, read.version) for read in uow.reads] == [("a", 2)]
    with pytest.raises(BaseMoved), live.units.write() as uow:
        prompts.save(live.people.colleague.actor, uow, PROJECT, "new", prompts.Draft(text("three"), base=1))
    assert uow.reads == []


def test_two_looks_at_once_leave_one_entry(live: Registry) -> None:
    actor = live.people.owner.actor
    with live.units.read() as one, live.units.read() as other:
        prompts.version(actor, one, PROJECT, "a", "1")
        prompts.compare(replace(actor, request_id="another"), other, PROJECT, "a", "1", "2")
    for uow in (one, other):
        reads.write(actor, live.units, uow.reads)
    assert len(told(live)) == 1


def test_a_database_that_only_reads_keeps_nobody_from_looking(live: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    with live.units.read() as uow:
        prompts.version(live.people.owner.actor, uow, PROJECT, "a", "1")

    def refuse(_: object) -> None:
        raise ReadOnly

    with monkeypatch.context() as patched:
        patched.setattr(type(live.units), "write", refuse)
        unwritten = reads.write(live.people.owner.actor, live.units, uow.reads)
    assert [(read.prompt, read.version, read.environment) for read in unwritten] == [("a", 1, "production")]
    assert told(live) == []
