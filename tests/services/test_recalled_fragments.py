"""A recalled fragment: what includes it is named, stays where it is, and comes in nowhere any more."""

from __future__ import annotations

import pytest

from cuebook_server.domain.errors import FragmentMissing, NothingToRollBack, PolicyRefused
from cuebook_server.services import environments, recalls, releases
from cuebook_server.services.recalls import Affected
from tests.factories import Registry, request


@pytest.fixture
def registry(registry: Registry) -> Registry:
    """`letter` includes `tone` through `style`. Version 1 of each is harmless and was live everywhere, version 2 still is."""
    for tone in ("kind", "rude"):
        registry.save("tone", tone)
        registry.save("style", "Be {{> tone}}.")
        registry.save("letter", "Write. {{> style}}")
        number = 1 if tone == "kind" else 2
        registry.ship("letter", number)
    return registry


def recall(registry: Registry) -> recalls.Recalled:
    return registry.do(recalls.recall, "tone", 2, "it insults people")


def told(affected: list[Affected]) -> list[tuple[str, int, tuple[str, ...]]]:
    return [(row.including.prompt, row.including.number, row.live) for row in affected]


def test_a_recall_says_what_includes_the_version_and_where_it_is_live(registry: Registry) -> None:
    expected = [("letter", 2, ("development", "staging", "production")), ("style", 2, ("development",))]
    assert told([*recall(registry).affected]) == expected
    [(_, affected)] = registry.ask(recalls.listed)
    assert told([*affected]) == expected
    assert registry.live("letter")["production"] == 2


def test_no_release_brings_it_in(registry: Registry) -> None:
    registry.rollback("letter")
    recall(registry)
    with pytest.raises(PolicyRefused, match="letter version 2 includes tone version 2: recalled"):
        registry.promote("letter@2", to="production")
    with pytest.raises(PolicyRefused, match="includes tone version 2"):
        registry.rollback("letter@2")
    with pytest.raises(PolicyRefused, match="includes tone version 2"):
        registry.do_as(registry.hire("otto", "on-call"), releases.break_glass, request("promote", "production", "letter@2"))
    assert registry.promote("letter@1", to="staging").items[0].version == 1


def test_a_rollback_passes_it_over(registry: Registry) -> None:
    registry.save("letter", "Write nothing.")
    registry.ship("letter", 3)
    recall(registry)
    assert registry.ask(environments.at, "production", None, ["letter"]).back == {"letter": 1}
    assert registry.rollback("letter").items[0].version == 1
    assert registry.ask(environments.at, "production", None, ["letter"]).back == {}
    with pytest.raises(NothingToRollBack):
        registry.rollback("letter")


def test_recalling_goes_back_past_it(registry: Registry) -> None:
    registry.save("letter", "Insult.")
    registry.ship("letter", 3)
    recall(registry)
    assert registry.do(recalls.recall, "letter", 3, "worse").instead["production"] == 1


def test_nothing_new_includes_it(registry: Registry) -> None:
    recall(registry)
    with pytest.raises(FragmentMissing, match="style version 2 includes tone version 2, which was recalled"):
        registry.save("note", "Note. {{> style}}")
    assert registry.save("style", "Be {{> tone}} again.").version.content["includes"] == {"tone": 1}
    assert registry.save("note", "Note. {{> style}}").created
