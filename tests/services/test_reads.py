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


def test_a_look_at_what_is_live_in_production_is_told(filled: Registry) -> None:
    look(filled, "production")
    assert told(filled) == [("owner", "a@1", "production", 1, 1)]
    (entry,) = [entry for entry in filled.audit() if entry["action"] == "content.read"]
    assert entry["credential"] == filled.people.owner.actor.credential
    assert entry["after"]["digest"] == filled.ask(prompts.version, "a", "1").digest


def test_once_an_hour_for_each_person_and_version(filled: Registry) -> None:
    for who in (filled.people.owner, filled.people.owner, filled.people.colleague):
        look(filled, "1", who=who)
    assert [entry[0] for entry in told(filled)] == ["owner", "colleague"]
    filled.clock.tick(READ_TOLD_EVERY_S + 1)
    look(filled, "1")
    filled.ship("a", 2)
    look(filled, "2")
    assert [entry[:2] for entry in told(filled)[2:]] == [("owner", "a@1"), ("owner", "a@2")]


def test_what_is_not_live_there_is_anybodys_to_read(filled: Registry) -> None:
    look(filled, "2")
    filled.rules(reads_audited=False)
    look(filled, "1")
    assert told(filled) == []


def test_an_environment_that_tracks_latest_can_audit_too(filled: Registry) -> None:
    filled.rules("development", reads_audited=True)
    look(filled, "2")
    assert told(filled) == [("owner", "a@2", "development", 2, 2)]


def test_services_are_not_people(filled: Registry) -> None:
    look(filled, "1", who=filled.people.owner.as_service("owner"))
    assert told(filled) == []


def test_a_fragment_is_read_with_what_includes_it(filled: Registry) -> None:
    filled.save("b", text("{{> a}}", includes={"a": 1}))
    filled.save("c", text("{{> b}}"))
    look(filled, "1", "c")
    assert [entry[1] for entry in told(filled)] == ["a@1"]


def test_who_includes_a_fragment_sees_its_text_in_the_answer(filled: Registry) -> None:
    actor = filled.people.owner.actor
    with filled.units.write() as uow:
        prompts.save(actor, uow, PROJECT, "thief", prompts.Draft(text("{{> a}}", includes={"a": 1})))
    assert [(read.prompt, read.version) for read in uow.reads] == [("a", 1)]


def test_a_conflict_shows_the_other_side(filled: Registry) -> None:
    filled.ship("a", 2)
    with pytest.raises(BaseMoved), filled.units.write() as uow:
        prompts.save(filled.people.colleague.actor, uow, PROJECT, "a", prompts.Draft(text("three"), base=1))
    assert [(read.prompt, read.version) for read in uow.reads] == [("a", 2)]
    with pytest.raises(BaseMoved), filled.units.write() as uow:
        prompts.save(filled.people.colleague.actor, uow, PROJECT, "new", prompts.Draft(text("three"), base=1))
    assert uow.reads == []


def test_two_looks_at_once_leave_one_entry(filled: Registry) -> None:
    actor = filled.people.owner.actor
    with filled.units.read() as one, filled.units.read() as other:
        prompts.version(actor, one, PROJECT, "a", "1")
        prompts.compare(replace(actor, request_id="another"), other, PROJECT, "a", "1", "2")
    for uow in (one, other):
        reads.write(actor, filled.units, uow.reads)
    assert len(told(filled)) == 1


def test_a_database_that_only_reads_keeps_nobody_from_looking(filled: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    with filled.units.read() as uow:
        prompts.version(filled.people.owner.actor, uow, PROJECT, "a", "1")

    def refuse(_: object) -> None:
        raise ReadOnly

    with monkeypatch.context() as patched:
        patched.setattr(type(filled.units), "write", refuse)
        unwritten = reads.write(filled.people.owner.actor, filled.units, uow.reads)
    assert [(read.prompt, read.version, read.environment) for read in unwritten] == [("a", 1, "production")]
    assert told(filled) == []
