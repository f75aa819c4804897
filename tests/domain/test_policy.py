"""Policies: every rule read and refused, and windows without releases on the clock of their zone."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cuebook_server.domain.policy import PRESETS, Approvals, BadPolicy, Freeze, Policy

PARIS = ZoneInfo("Europe/Paris")
GOOD: dict[str, list[Any]] = {
    "comes_from": [None, "staging", "s" * 200],
    "soak_s": [0, 86_400, 90 * 86_400],
    "approvals": [
        *({}, {"count": 2, "roles": ["admin"], "author": True, "wording": 1}, {"count": 1, "wording": None}),
        *({"count": 10, "wording": 10}, {"roles": ["viewer", "author", "reviewer", "releaser", "admin"]}),
    ],
    "gates": [[], ["safety", "tone@3"], ["g"] * 20],
    "gate_age_s": [1, 365 * 86_400],
    "freeze": [
        [],
        [{"starts": "16:00", "ends": "08:00", "days": ["fri"], "zone": "Europe/Paris", "reason": "weekend"}],
        [{"starts": "2026-12-20T00:00", "ends": "2027-01-02T00:00"}],
        [{"starts": "16:00", "ends": "17:00", "days": ["fri"]}] * 20,
    ],
    "reason_required": [True, False],
    "breaking_variables": ["warn", "block"],
    "shrink_guard": [True, False],
    "max_items": [1, 1_000],
    "pins": ["none", "live", "any"],
    "latest_allowed": [True, False],
    "reads_audited": [True, False],
}
BAD: dict[str, list[Any]] = {
    "comes_from": [3, ["staging"], "s" * 201],
    "soak_s": [-1, 1.5, True, "60", 91 * 86_400],
    "approvals": [
        *(1, [], {"people": 1}, {"count": 11}, {"count": True}, {"roles": ["owner"]}),
        *({"roles": "admin"}, {"count": 1, "wording": 2}, {"author": 1}),
    ],
    "gates": ["safety", [1], ["g"] * 21],
    "gate_age_s": [-1, "week", 366 * 86_400],
    "freeze": [
        {},
        [1],
        [{"starts": "16:00"}],
        [{"starts": "16:00", "ends": "25:00", "days": ["fri"]}],
        [{"starts": "16:00", "ends": "17:00", "days": ["friday"]}],
        [{"starts": "16:00", "ends": "17:00"}],
        [{"starts": "16:00+01:00", "ends": "17:00", "days": ["fri"]}],
        [{"starts": "16:00", "ends": "17:00", "days": ["fri"], "zone": "Europe/Nowhere"}],
        [{"starts": "16:00", "ends": "17:00", "days": ["fri"], "zone": "../etc/passwd"}],
        [{"starts": "2026-12-20T00:00", "ends": "2026-12-20T00:00"}],
        [{"starts": "2026-12-20T00:00Z", "ends": "2026-12-21T00:00Z"}],
        [{"starts": "16:00", "ends": "17:00", "days": ["fri"], "who": "me"}],
        [{"starts": "16:00", "ends": "17:00", "days": ["fri"]}] * 21,
    ],
    "reason_required": [1, "yes", None],
    "breaking_variables": ["stop", None],
    "shrink_guard": ["block", 0],
    "max_items": [-1, 0, 1_001, None],
    "pins": ["some", [], None],
    "latest_allowed": ["yes", None],
    "reads_audited": [1, "on", None],
}


def test_every_rule_is_tried_here() -> None:
    assert set(GOOD) == set(BAD) == {field.name for field in fields(Policy)}


@pytest.mark.parametrize(("rule", "value"), [(rule, value) for rule, values in GOOD.items() for value in values])
def test_a_rule_is_read_and_told_as_it_was_given(rule: str, value: Any) -> None:
    policy = Policy().changed({rule: value})
    told = policy.to_json()
    assert Policy().changed(told) == policy
    assert json.loads(json.dumps(told)) == told
    if not isinstance(value, dict | list):  # those are told with every member, defaults included
        assert told[rule] == value


@pytest.mark.parametrize(("rule", "value"), [(rule, value) for rule, values in BAD.items() for value in values])
def test_a_rule_that_makes_no_sense_is_refused(rule: str, value: Any) -> None:
    with pytest.raises(BadPolicy) as refused:
        Policy().changed({rule: value})
    assert rule in refused.value.detail


def test_an_unknown_rule_is_refused_and_the_known_ones_named() -> None:
    with pytest.raises(BadPolicy, match="aproval") as refused:
        Policy().changed({"aproval": 1})
    assert "approvals" in str(refused.value.advice)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (1, "approvals is an object of count, roles, author, wording."),
        ({"people": 1}, "approvals is an object of count, roles, author, wording and no 'people'."),
        ({"x" * 99: 1}, f"approvals is an object of count, roles, author, wording and no {'x' * 40!r}."),
        ({"roles": "admin"}, "approvals.roles is a list of 10 texts at most."),
    ],
)
def test_a_member_that_makes_no_sense_is_named(value: object, told: str) -> None:
    with pytest.raises(BadPolicy) as refused:
        Policy().changed({"approvals": value})
    assert refused.value.detail == told


def test_rules_not_named_stay() -> None:
    before = Policy(comes_from="staging", gates=("safety",))
    after = before.changed({"approvals": {"count": 1}})
    assert (after.comes_from, after.gates, after.approvals) == ("staging", ("safety",), Approvals(count=1))


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_are_policies_and_know_themselves(preset: str) -> None:
    policy = Policy(comes_from="staging").changed(PRESETS[preset])
    assert policy.preset == preset
    assert policy.comes_from == "staging"
    assert policy.changed({"pins": "any"}).preset is None


def test_a_window_of_dates_ends_on_its_own_clock() -> None:
    window = Freeze("2026-12-20T00:00", "2026-12-27T00:00", "Europe/Paris")
    assert not window.covers(datetime(2026, 12, 19, 22, 59, tzinfo=UTC))
    assert window.covers(datetime(2026, 12, 19, 23, 0, tzinfo=UTC))
    assert window.covers(datetime(2026, 12, 26, 22, 59, tzinfo=UTC))
    assert not window.covers(datetime(2026, 12, 26, 23, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("day", "hour", "covered"), [(20, 15, False), (20, 16, True), (20, 23, True), (21, 7, True), (21, 8, False), (22, 7, False)]
)
def test_a_weekly_window_runs_over_midnight(day: int, hour: int, covered: bool) -> None:
    """2026-11-20 is a Friday."""
    window = Freeze("16:00", "08:00", "Europe/Paris", ("fri",))
    assert window.covers(datetime(2026, 11, day, hour, tzinfo=PARIS)) is covered


def test_a_weekly_window_ends_sharp_and_one_that_ends_when_it_starts_is_a_day() -> None:
    evening, day = (Freeze("16:00", ends, "Europe/Paris", ("fri",)) for ends in ("18:00", "16:00"))
    four = datetime(2026, 11, 20, 16, tzinfo=PARIS)
    assert [evening.covers(four + timedelta(hours=hours)) for hours in (0, 1, 2)] == [True, True, False]
    assert [day.covers(four + timedelta(hours=hours)) for hours in (-1, 0, 23, 24)] == [False, True, True, False]


@pytest.mark.parametrize(("month", "day", "utc_hour"), [(3, 27, 15), (4, 3, 14), (10, 23, 14), (10, 30, 15)])
def test_a_weekly_window_follows_summer_time(month: int, day: int, utc_hour: int) -> None:
    """Fridays around the last Sundays of March and October 2026: 16:00 in Paris is another hour in UTC."""
    window = Freeze("16:00", "18:00", "Europe/Paris", ("fri",))
    assert window.covers(datetime(2026, month, day, utc_hour, 0, tzinfo=UTC))
    assert not window.covers(datetime(2026, month, day, utc_hour - 1, 59, tzinfo=UTC))


def test_a_window_of_the_night_when_the_clocks_go_back_covers_the_hour_twice() -> None:
    window = Freeze("02:00", "03:00", "Europe/Paris", ("sun",))
    assert [window.covers(datetime(2026, 10, 25, hour, 30, tzinfo=UTC)) for hour in (0, 1, 2)] == [True, True, False]
