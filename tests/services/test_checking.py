"""Looking at a draft: as a save would take it, and without a trace."""

from __future__ import annotations

from typing import Any

import pytest

from cuebook_server.adapters import secret_patterns
from cuebook_server.adapters.prices import PriceList
from cuebook_server.adapters.tokenizer import Tokenizer
from cuebook_server.domain.errors import (
    BadContent,
    BadName,
    BadVariables,
    FragmentCycle,
    FragmentMissing,
    NotFound,
)
from cuebook_server.services import checking, prompts
from cuebook_server.services.ports_checking import Aids
from tests.adapters.test_aids import TOKEN
from tests.factories import Registry, chat, text

AIDS = Aids(secret_patterns.find, Tokenizer(), PriceList(None))


def look(registry: Registry, name: str, raw: dict[str, Any], **values: object) -> checking.Checked:
    return checking.look(registry.ask(checking.lock, name, raw), values, AIDS)


def test_a_draft_is_rendered_with_samples_and_its_fragments(registry: Registry) -> None:
    registry.save("rules", "Be {{tone}}.")
    found = look(
        registry, "new.one", chat("{{> rules}}", "{{mail}}", model={"provider": "openai", "name": "gpt-4o"}), mail="Hi!"
    )
    assert [message["content"] for message in found.rendered.messages or ()] == ["Be tone.", "Hi!"]
    assert (found.includes, found.tokens.tokens, found.tokens.exact) == ({"rules": 1}, 5, True)
    assert found.cost is not None
    assert found.served["variables"].keys() == {"tone", "mail"}


def test_nothing_is_stored(registry: Registry) -> None:
    before = len(registry.audit())
    look(registry, "new.one", text("x"))
    assert len(registry.audit()) == before
    with pytest.raises(NotFound):
        registry.ask(prompts.one, "new.one")


def test_what_a_save_refuses_is_refused(registry: Registry) -> None:
    registry.save("a", "x")
    registry.save("b", "{{> a}}")
    for name, said, refusal in (
        ("A b", "x", BadName),
        ("a", " ", BadContent),
        ("a", "{{> none}}", FragmentMissing),
        ("a", "{{> b}}", FragmentCycle),
    ):
        with pytest.raises(refusal):
            look(registry, name, text(said))


def test_a_value_of_the_wrong_type_is_refused(registry: Registry) -> None:
    with pytest.raises(BadVariables):
        look(registry, "a", text("{{n}}", variables={"n": {"type": "integer"}}), n="one")


def test_a_save_says_the_same_of_the_draft_itself(registry: Registry) -> None:
    raw = chat(f"Key: {TOKEN}", "{{# {{x}}")
    assert checking.findings(raw, AIDS) == look(registry, "a", raw).findings
    assert [one.confirm for one in checking.findings(raw, AIDS)] == [True, False]
    assert checking.findings({"kind": "nothing"}, AIDS) == ()


def test_whoever_includes_a_fragment_has_read_it(registry: Registry) -> None:
    registry.save("rules", "x")
    registry.rules("development", reads_audited=True)
    raw = text("{{> rules}}")
    with registry.units.read() as uow:
        checking.lock(registry.people.colleague.actor, uow, "desk", "new.one", raw)
        assert [(read.prompt, read.version) for read in uow.reads] == [("rules", 1)]


def test_a_stranger_sees_no_project(registry: Registry) -> None:
    with pytest.raises(NotFound, match="no project"):
        registry.do_as(registry.people.stranger, checking.lock, "a", text("x"))


def test_a_draft_is_compared_as_versions_are(registry: Registry) -> None:
    registry.save("a", "Sort {{mail}} by room")
    registry.save("a", "Another")
    raw = text("Sort {{mail}} by {{floor}}")
    found = registry.ask(checking.compare, "a", raw, "1")
    saved = registry.save("a", raw).version.number
    assert found.diff == registry.ask(prompts.compare, "a", "1", str(saved)).diff
    assert [(one.variable, one.kind) for one in found.breaking] == [("floor", "needed")]
    assert registry.ask(checking.compare, "a", raw, "latest").diff.to_json()["same"]


def test_a_stranger_compares_nothing(registry: Registry) -> None:
    registry.save("a", "x")
    with pytest.raises(NotFound, match="no project"):
        registry.do_as(registry.people.stranger, checking.compare, "a", text("x"), "1")
