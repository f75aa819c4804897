"""An entry of the chain: canonical, hashed, and what it holds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cuebook.audit import GENESIS, entry_hash, verify
from cuebook_server.domain.access import Actor
from cuebook_server.domain.audit import Happening, entry

ACTOR = Actor("somebody", "selector", (), "req_1", "127.0.0.1")
WHEN = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20)
AFTER = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT, lambda inner: st.dictionaries(TEXT, inner)
)


def chain(happenings: list[Happening]) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for happening in happenings:
        prev = made[-1]["hash"] if made else GENESIS
        made.append(entry(happening, ACTOR, seq=len(made) + 1, at=WHEN, prev=prev))
    return made


@given(st.lists(st.builds(Happening, TEXT, TEXT, reason=TEXT, after=AFTER), max_size=6))
def test_a_chain_of_any_happenings_is_intact(happenings: list[Happening]) -> None:
    made = chain(happenings)
    found = verify(made)
    assert (found.intact, found.entries) == (True, len(made))
    assert found.head == (made[-1]["hash"] if made else GENESIS)


def test_an_entry_says_who_when_what_and_why() -> None:
    (made,) = chain([Happening("version.saved", "a", "staging", 3, "because", {"x": 1}, {"x": 2})])
    assert made == {
        "seq": 1,
        "at": "2026-11-20T15:00:00+00:00",
        "principal": "somebody",
        "credential": "selector",
        "request_id": "req_1",
        "source": "127.0.0.1",
        "action": "version.saved",
        "target": "a",
        "environment": "staging",
        "revision": 3,
        "reason": "because",
        "before": {"x": 1},
        "after": {"x": 2},
        "prev": GENESIS,
        "hash": entry_hash(made),
    }


def test_what_was_truncated_shows_in_the_head() -> None:
    made = chain([Happening("a", str(n)) for n in range(5)])
    assert verify(made[:3]).intact
    assert verify(made[:3]).head != verify(made).head
