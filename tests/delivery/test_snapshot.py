"""A snapshot built step by step is the snapshot built at once, and shares what did not change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook import wire
from cuebook_server.delivery import etags
from cuebook_server.delivery.snapshot import Snapshot, build, list_body, snapshot_body
from cuebook_server.services.ports import Directory, EnvironmentKey
from tests.delivery.memory import MemorySource, text

NAMES = ["a", "b.c", "b.d", "z"]
MOVES = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from([1, 2, None])), max_size=8)


def registry() -> tuple[MemorySource, EnvironmentKey]:
    source = MemorySource()
    for name in NAMES:
        source.save(name, text(f"{name} one"))
        source.save(name, text(f"{name} two"))
    return source, source.add_environment("production", "prd")


def state_of(snapshot: Snapshot) -> object:
    entries = {name: (entry.body, entry.lines, entry.latest) for name, entry in snapshot.entries.items()}
    return entries, snapshot.retired, snapshot.damaged, snapshot.order, snapshot.lines


@given(st.lists(MOVES, min_size=1, max_size=4))
def test_step_by_step_equals_at_once(steps: list[list[tuple[str, int | None]]]) -> None:
    source, key = registry()
    state = source.environment(key)
    assert state is not None
    snapshot = build(state)
    for moves in steps:
        for name, number in moves:
            source.release(key, name, number)
        changed, whole = source.environment(key, snapshot.revision), source.environment(key)
        assert changed is not None
        assert whole is not None
        snapshot = build(changed, snapshot)
        assert state_of(snapshot) == state_of(build(whole))


def grown() -> tuple[Snapshot, Snapshot]:
    source, key = registry()
    source.release(key, "a", 1)
    source.release(key, "z", 1)
    first = source.environment(key)
    source.release(key, "a", 2)
    second = source.environment(key, 2)
    assert first is not None
    assert second is not None
    return (before := build(first)), build(second, before)


def test_what_did_not_change_is_shared_and_what_was_is_untouched() -> None:
    before, after = grown()
    assert after.entries[b"z"] is before.entries[b"z"]
    assert (before.entries[b"a"].number, after.entries[b"a"].number) == (1, 2)
    assert (before.revision, after.revision) == (2, 3)


def test_changes_must_continue_what_is_held() -> None:
    source, key = registry()
    source.release(key, "a", 1)
    state = source.environment(key, 1)
    assert state is not None
    with pytest.raises(ValueError, match="does not continue"):
        build(state)


@given(st.text(max_size=20), st.text(max_size=20))
def test_tags_are_equal_exactly_when_answers_are(one: str, other: str) -> None:
    source, key = registry()
    entries = []
    for content in (one, other):
        source.release(key, "a", source.save("a", text(content)))
        state = source.environment(key)
        assert state is not None
        entries.append(build(state).entries[b"a"])
    assert (entries[0].etag == entries[1].etag) == (entries[0].body == entries[1].body)
    assert all(entry.etag == etags.of(entry.body) for entry in entries)


def test_the_whole_holds_the_very_bytes_of_each() -> None:
    _, snapshot = grown()
    body = snapshot_body(snapshot, Directory(frozenset(NAMES), {"old": "a", "older": "b.c"}), {})
    whole = wire.loads(body)
    assert (whole["environment"], whole["epoch"], whole["revision"]) == ("production", 1, 3)
    assert [prompt["name"] for prompt in whole["prompts"]] == ["a", "z"]
    assert all(entry.body in body for entry in snapshot.entries.values())
    assert (whole["aliases"], whole["retired"]) == ({"old": "a"}, [])


def test_an_empty_environment_is_still_an_object() -> None:
    source, key = registry()
    state = source.environment(key)
    assert state is not None
    snapshot = build(state)
    assert wire.loads(snapshot_body(snapshot, Directory(frozenset(), {}), {}))["prompts"] == []
    assert wire.loads(list_body(snapshot)) == {"items": [], "next": None}
