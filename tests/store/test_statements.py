"""SQL statements are counted where a page or a release could grow: twice as many things, not twice as many statements."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from cuebook_server.domain.release import Wanted
from cuebook_server.services import drift, environments, falling_behind, people, prompts, recalls, releases
from tests.factories import Registry


@contextmanager
def counted(registry: Registry) -> Iterator[list[str]]:
    """Every statement that is sent meanwhile."""
    sent: list[str] = []

    def note(_c: object, _u: object, statement: str, _p: object, _x: object, _m: object) -> None:
        sent.append(statement)

    event.listen(registry.database.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(registry.database.engine, "before_cursor_execute", note)


def test_a_status_page_of_any_length_is_a_handful_of_statements(registry: Registry) -> None:
    lengths = []
    for count in (5, 100):
        for number in range(count):
            registry.save(f"p{number:03}", f"text {count}")
        with counted(registry) as sent:
            _, rows = registry.ask(environments.status, prompts=[], after="", limit=200)
        assert len(rows) == count
        lengths.append(len(sent))
    assert lengths[0] == lengths[1] <= 10


def test_named_prompts_are_found_at_once(registry: Registry) -> None:
    names = [f"p{number}" for number in range(12)]
    for name in names:
        registry.save(name, "x")
    lengths = set()
    for some in (names[:2], names):
        with counted(registry) as sent:
            assert len(registry.ask(environments.status, prompts=some, after="", limit=200)[1]) == len(some)
            assert registry.ask(environments.at, "staging", None, some).changes == []
        lengths.add(len(sent))
    assert len(lengths) == 1


def test_a_list_of_prompts_and_a_search_are_a_handful_of_statements(registry: Registry) -> None:
    for number in range(30):
        registry.save(f"p{number:03}", "text")
    with counted(registry) as sent:
        assert len(registry.ask(prompts.listed, prefix="", tag="", owner="", after="", limit=30)) == 30
    assert len(sent) <= 7
    with counted(registry) as sent:
        assert len(registry.ask(prompts.search, "text", 20)) == 20
    assert len(sent) <= 9 + 20  # one for the text of each hit shown, which is bounded by the page


def test_a_save_is_bounded(registry: Registry) -> None:
    registry.save("a", "x")
    with counted(registry) as sent:
        registry.save("a", "y")
    assert len(sent) <= 24


def test_a_release_of_any_size_is_as_many_statements(registry: Registry) -> None:
    """Promoted for the first time, promoted again, rolled back: weighed, decided and moved."""
    lengths = set()
    for count in (2, 20):
        names = [f"r{count}.p{number}" for number in range(count)]
        for content in "xy":
            for name in names:
                registry.save(name, content)
            with counted(registry) as promoted:
                registry.promote(*names, to="staging")
        with counted(registry) as rolled_back:
            registry.rollback(*names, to="staging")
        lengths.add((len(promoted), len(rolled_back)))
    assert len(lengths) == 1
    assert max(lengths.pop()) <= 30


def saved_twice(registry: Registry, count: int) -> list[str]:
    """So many prompts with two versions each."""
    names = [f"r{count}.p{number}" for number in range(count)]
    for content in "xy":
        for name in names:
            registry.save(name, content)
    return names


def test_a_proposal_is_revised_in_as_many_statements_whatever_its_size(registry: Registry) -> None:
    lengths = set()
    for count in (2, 20):
        names = saved_twice(registry, count)
        proposed = registry.propose(*names, to="staging")
        with counted(registry) as sent:
            registry.do(releases.rebase, proposed.release_id, [Wanted(name, 1) for name in names])
        lengths.add(len(sent))
    assert len(lengths) == 1


def test_a_list_of_releases_is_two_statements_and_the_door(registry: Registry) -> None:
    lengths = set()
    for number in range(6):
        registry.save("a", f"text {number}")
        registry.promote("a", to="staging")
        with counted(registry) as sent:
            listed = registry.ask(releases.listed, "staging", before=1_000, limit=50)
        assert len(listed) == number + 1
        assert all(release.items for release in listed)
        lengths.add(len(sent))
    assert len(lengths) == 1
    assert max(lengths) <= 7


def test_a_node_hears_of_a_change_in_four_statements_however_much_there_is(registry: Registry) -> None:
    """Between a commit and an application's memory: each of them is a round trip, and they are most of the time."""
    for count in (1, 20):
        names = [f"h{count}.p{number}" for number in range(count)]
        for name in names:
            registry.save(name, "x")
        before = registry.source.heads()
        registry.promote(*names, to="staging")
        with counted(registry) as asked:
            after = registry.source.heads(before.history)
        ((key, (revision, _)),) = after.environments.items() - before.environments.items()
        with counted(registry) as read:
            state = registry.source.environment(key, revision - 1)
        assert state is not None
        assert len(state.versions) == count
        assert [sum(sent != "BEGIN" for sent in each) for each in (asked, read)] == [2, 2]


def test_drift_asks_for_all_prompts_at_once(registry: Registry) -> None:
    lengths = set()
    for count in (2, 12):
        for number in range(count):
            registry.save(f"p{number}", f"text {count}")
        with counted(registry) as sent:
            assert len(registry.ask(drift.compare, "development", "staging").differences) == count
        lengths.add(len(sent))
    assert len(lengths) == 1


@pytest.mark.parametrize("lapsed", [False, True])
def test_a_proposal_is_decided_in_as_many_statements_whatever_was_approved(registry: Registry, *, lapsed: bool) -> None:
    registry.rules(approvals={"count": 1}, gates=["tone"])
    lengths = set()
    for count in (2, 20):
        names = [f"r{count}.p{number}" for number in range(count)]
        for name in names:
            registry.save(name, "x")
        registry.promote(*names, to="staging")
        release = registry.propose(*names)
        for reviewer in [registry.hire(f"r{count}-{number}", "reviewer") for number in range(count)]:
            registry.approve(release, reviewer)
        if lapsed:
            registry.clock.tick(80 * 3_600)
        with counted(registry) as sent:
            standing = registry.ask(releases.find, release.release_id)
        assert (len(standing.approvals), bool(standing.since)) == (count, lapsed)
        lengths.add(len(sent))
    assert len(lengths) == 1
    assert max(lengths) <= 25


def test_a_recall_is_as_many_statements_however_many_include_the_version(registry: Registry) -> None:
    """It is an emergency, and the project waits until it is done."""
    lengths = set()
    for count in (1, 12):
        tone = f"tone{count}"
        registry.save(tone, "Be kind.")
        names = [f"r{count}.p{number}" for number in range(count)]
        for name in names:
            registry.save(name, "{{> " + tone + "}} Answer.")
        registry.promote(*names, to="staging")
        with counted(registry) as sent:
            recalled = registry.do(recalls.recall, tone, 1, "it insults people")
        assert [row.live for row in recalled.affected] == [("development", "staging")] * count
        lengths.add(len(sent))
    assert len(lengths) == 1


def test_what_falls_behind_is_found_by_as_many_statements_however_much_it_is(registry: Registry) -> None:
    lengths = []
    for count in (1, 2, 12):  # the first finding ever is told in fewer
        names = [f"r{count}.p{number}" for number in range(count)]
        for name in names:
            registry.save(name, "x")
            registry.ship(name, 1)
            registry.save(name, "y")
        registry.promote(*names, to="staging")
        registry.clock.tick(86_401)
        with counted(registry) as sent:
            falling_behind.look(registry.units, 1)
        assert registry.audit()[-1]["action"] == "drift.found"
        lengths.append(len(sent))
    assert lengths[1] == lengths[2]


def test_the_list_of_accounts_is_as_many_statements_however_many_there_are(registry: Registry) -> None:
    lengths = set()
    operator = registry.people.operator.actor
    for count in (3, 12):
        for number in range(count):
            registry.hire(f"{count}-{number}", "author")
        with counted(registry) as sent, registry.units.read() as uow:
            everybody = people.everybody(operator, uow)
        assert all(account.grants for account in everybody)
        lengths.add(len(sent))
    assert len(lengths) == 1
