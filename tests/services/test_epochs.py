"""An epoch is begun once, above every one that was, and the audit tells it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cuebook_server.domain.audit import AuditFilter
from cuebook_server.domain.epoch import following
from cuebook_server.services import epochs
from cuebook_server.services.instance import instance
from tests.factories import Registry


def begin(registry: Registry, why: str = "restored", *, least: int = 0, expected: int | None = None) -> int | None:
    with registry.units.write() as uow:
        return epochs.begin(epochs.NODE, uow, why, least=least, expected=expected)


def entries(registry: Registry) -> list[Mapping[str, Any]]:
    with registry.units.read() as uow:
        return list(instance(uow).audit.latest(AuditFilter(action="epoch.begun"), before=1_000, limit=10))


def test_it_is_greater_and_told_in_the_audit(registry: Registry) -> None:
    before = registry.source.heads().epoch
    begun = begin(registry)
    assert begun is not None
    assert begun > before
    assert registry.source.heads().epoch == begun
    (told,) = entries(registry)
    assert (told["principal"], told["reason"], told["before"], told["after"]) == (
        "cuebook",
        "restored",
        {"epoch": before},
        {"epoch": begun},
    )


def test_it_is_greater_than_what_a_node_had_seen(registry: Registry) -> None:
    assert begin(registry, least=2_000_000_000) == 2_000_000_001
    assert begin(registry) == 2_000_000_002


def test_of_two_that_notice_one_begins(registry: Registry) -> None:
    present = registry.source.heads().epoch
    first = begin(registry, expected=present)
    assert begin(registry, expected=present) is None
    assert registry.source.heads().epoch == first
    assert len(entries(registry)) == 1


def test_a_release_says_its_epoch(registry: Registry) -> None:
    registry.save("a", "x")
    first = registry.promote("a@1", to="staging")
    begun = begin(registry)
    assert (first.epoch, registry.promote("a@1", to="production").epoch) == (1, begun)


@given(st.integers(1, 2**30), st.timedeltas(timedelta(), timedelta(days=20_000)), st.timedeltas(timedelta(seconds=1)))
def test_who_knows_nothing_of_an_earlier_restore_is_above_it_all_the_same(
    seen: int, after: timedelta, later: timedelta
) -> None:
    """The backup of epoch 1, put back twice: the second time nobody remembers the first."""
    start = datetime(2026, 11, 21, tzinfo=UTC)
    first = following(seen, start)
    assert first > seen
    assert following(1, start + after) >= following(1, start)
    assert following(1, start + timedelta(seconds=1) + min(later, timedelta(days=9_999))) > following(1, start)
