"""Retiring: a release like any other, after which a caller hears that the prompt was taken away on purpose."""

from __future__ import annotations

import pytest

from cuebook_server.domain.errors import AlreadyLive, Forbidden, NotReleasedHere, PolicyRefused
from cuebook_server.services import prompts, releases
from tests.factories import Registry, request


def test_a_retired_prompt_is_served_nowhere_but_kept(registry: Registry) -> None:
    registry.save("a", "x")
    registry.ship("a", 1)
    release = registry.retire("a")
    assert (release.items[0].version, release.items[0].replaces) == (None, 1)
    assert registry.live("a") == {"development": 1, "staging": 1, "production": None}
    assert registry.served("a") == b""
    assert registry.ask(prompts.version, "a", "1").number == 1
    with pytest.raises(NotReleasedHere):
        registry.ask(prompts.version, "a", "production")


def test_what_is_not_live_cannot_be_retired(registry: Registry) -> None:
    registry.save("a", "x")
    with pytest.raises(AlreadyLive):
        registry.retire("a")


def test_a_promotion_brings_it_back(registry: Registry) -> None:
    registry.save("a", "x")
    registry.ship("a", 1)
    registry.retire("a")
    assert registry.promote("a", to="production").items[0].replaces is None
    assert registry.live("a")["production"] == 1


def test_retiring_asks_for_a_reason_and_the_right(registry: Registry) -> None:
    registry.save("a", "x")
    registry.ship("a", 1)
    with pytest.raises(PolicyRefused):
        registry.release("retire", "production", "a", reason="")
    with pytest.raises(Forbidden):
        registry.do_as(registry.people.colleague, releases.create, request("retire", "production", "a"))
