"""What a node reads after a recall, on both databases."""

from __future__ import annotations

from cuebook_server.services import environments, recalls
from tests.factories import Registry


def test_a_recall_raises_what_nodes_poll_and_shows_what_is_served_instead(registry: Registry) -> None:
    for number in (1, 2):
        registry.save("a", f"text {number}")
        registry.ship("a", number)
    before = registry.source.heads()
    assert registry.source.recalled(2) == {}
    registry.do(recalls.recall, "a", 2, "it insults people")
    everywhere = frozenset(found.environment_id for found in registry.ask(environments.listed))
    after = registry.source.heads()
    assert after.recalls[2] == before.recalls[2] + 1
    assert registry.source.recalled(2) == {(1, 2): everywhere}
    for found in registry.ask(environments.listed):
        key = (found.project_id, found.environment_id)
        assert after.environments[key] > before.environments[key]
        state = registry.source.environment(key, since=before.environments[key][0])
        assert state is not None
        assert [(version.name, version.number) for version in state.versions] == [("a", 1)]


def test_a_recall_is_told_to_the_environments_that_served_the_version(registry: Registry) -> None:
    registry.save("a", "harmful")
    registry.save("a", "harmless")
    registry.do(recalls.recall, "a", 1, "it insults people")
    [development] = [found.environment_id for found in registry.ask(environments.listed) if found.tracks_latest]
    assert registry.source.recalled(2) == {(1, 1): {development}}
