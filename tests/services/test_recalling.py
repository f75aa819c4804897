"""Recall: a version declared harmful leaves every environment at once, and none takes it again."""

from __future__ import annotations

import pytest

from cuebook_server.domain.errors import Forbidden, FragmentMissing, NotFound, NotReleasedHere, PolicyRefused
from cuebook_server.domain.prompt import BadMetadata
from cuebook_server.services import environments, prompts, recalls, releases
from cuebook_server.services.recalls import AlreadyRecalled
from tests.factories import Registry, request


@pytest.fixture
def registry(registry: Registry) -> Registry:
    """Versions 1, 2 and 3 of `a` were live everywhere, in this order."""
    for number in (1, 2, 3):
        registry.save("a", f"text {number}")
        registry.ship("a", number)
    return registry


def recall(registry: Registry, number: int, name: str = "a") -> dict[str, int | None]:
    return registry.do(recalls.recall, name, number, "it insults people").instead


def test_every_environment_goes_back_in_one_step(registry: Registry) -> None:
    assert recall(registry, 3) == {"development": 2, "staging": 2, "production": 2}
    assert registry.live("a") == {"development": 2, "staging": 2, "production": 2}
    assert b"text 2" in registry.served("a")
    assert b"text 2" in registry.served("a", "development")
    last = registry.ask(releases.listed, "production", before=99, limit=1)[0]
    assert (last.kind, last.reason, last.author) == ("rollback", "Recalled: it insults people", "owner")
    assert "version.recalled" in [entry["action"] for entry in registry.audit()]


def test_going_back_skips_what_was_recalled(registry: Registry) -> None:
    assert recall(registry, 2) == {}
    assert recall(registry, 3) == {"development": 1, "staging": 1, "production": 1}


def test_a_rollback_skips_it_too(registry: Registry) -> None:
    recall(registry, 2)
    assert registry.rollback("a").items[0].version == 1


def test_where_nothing_is_left_the_prompt_is_retired(registry: Registry) -> None:
    registry.save("b", "x")
    registry.ship("b", 1)
    registry.rules(approvals={"count": 1})
    assert recall(registry, 1, "b") == {"development": None, "staging": None, "production": None}
    assert registry.live("b") == {"development": None, "staging": None, "production": None}
    assert registry.served("b", "development") == registry.served("b") == b""
    with pytest.raises(NotReleasedHere):
        registry.ask(prompts.version, "b", "development")


def test_where_latest_is_tracked_and_all_was_recalled_the_next_step_is_a_save(registry: Registry) -> None:
    registry.save("b", "x")
    recall(registry, 1, "b")
    with pytest.raises(NotReleasedHere) as refused:  # it said: promote it to development first
        registry.promote("b", to="staging")
    assert refused.value.advice == "Save one that was not recalled."


def test_no_environment_takes_it_again(registry: Registry) -> None:
    recall(registry, 3)
    emergency = request("promote", "staging", "a@3")
    with pytest.raises(PolicyRefused, match="was recalled"):
        registry.do_as(registry.hire("otto", "on-call"), releases.break_glass, emergency)
    with pytest.raises(PolicyRefused, match="was recalled"):
        registry.promote("a@3", to="production")
    with pytest.raises(PolicyRefused, match="was recalled"):
        registry.rollback("a@3")
    waiting = registry.propose("a@3", to="staging")
    assert [verdict["rule"] for verdict in waiting.decision["rules"] if not verdict["passed"]] == ["recalled"]


def test_a_later_version_is_let_in(registry: Registry) -> None:
    recall(registry, 3)
    registry.save("a", "text 4")
    assert registry.live("a")["development"] == 4
    assert registry.promote("a", to="staging").items[0].version == 4
    history = registry.ask(environments.history, "development", before=99, limit=1)
    assert (history[0].before, history[0].after) == (2, 4)


def test_what_comes_from_development_is_what_it_serves(registry: Registry) -> None:
    registry.save("a", "text 4")
    recall(registry, 4)
    registry.promote("a@1", to="staging")
    assert registry.promote("a", to="staging").items[0].version == 3
    assert registry.ask(prompts.version, "a", "development").number == 3
    assert registry.ask(prompts.version, "a", "latest").number == 4


def test_a_recalled_fragment_is_included_nowhere(registry: Registry) -> None:
    recall(registry, 3)
    saved = registry.save("b", "{{> a}} and more")
    assert saved.version.content["includes"] == {"a": 2}
    for number in (1, 2):
        recall(registry, number)
    with pytest.raises(FragmentMissing, match="recalled"):
        registry.save("c", "{{> a}} and more")


def test_who_recalls_and_what(registry: Registry) -> None:
    with pytest.raises(Forbidden):
        registry.do_as(registry.people.colleague, recalls.recall, "a", 3, "because")
    for name, number in (("a", 9), ("nothing", 1)):
        with pytest.raises(NotFound):
            recall(registry, number, name)
    with pytest.raises(BadMetadata, match="reason"):
        registry.do(recalls.recall, "a", 3, " ")
    recall(registry, 3)
    with pytest.raises(AlreadyRecalled):
        recall(registry, 3)
    assert [(made.prompt, made.number, made.by) for made, _ in registry.ask(recalls.listed)] == [("a", 3, "owner")]
