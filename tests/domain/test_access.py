"""Roles: what each may do and where, and that nobody makes a credential wider than their own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook_server.domain.access import (
    PERMISSIONS,
    RECENT,
    ROLES,
    Actor,
    Grant,
    Permission,
    RecentSignInNeeded,
    Role,
    covers,
    may_give,
)
from cuebook_server.domain.errors import Forbidden

_AUTHOR: set[Permission] = {"read", "prompts.write", "releases.propose"}
_REVIEWER: set[Permission] = {"read", "releases.approve"}
_RELEASER: set[Permission] = _AUTHOR | _REVIEWER | {"releases.apply", "releases.rollback", "versions.recall"}
MAY: dict[Role, set[Permission]] = {
    "viewer": {"read"},
    "author": _AUTHOR,
    "reviewer": _REVIEWER,
    "releaser": _RELEASER,
    "on-call": {"read", "releases.rollback", "releases.break_glass"},
    "admin": _RELEASER | {"environments.write", "keys.write", "tokens.write", "members.write", "webhooks.write"},
}
GRANTS = st.builds(Grant, st.sampled_from(list(ROLES)), st.sampled_from([None, 1, 2]), st.sampled_from([None, "staging"]))
SCOPES = st.none() | st.frozensets(st.sampled_from(sorted(PERMISSIONS)), max_size=4)
WHEN = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


def actor(*grants: Grant, scopes: frozenset[Permission] | None = None) -> Actor:
    return Actor("somebody", "selector", grants, "request", scopes=scopes)


def test_every_role_may_what_the_table_says() -> None:
    assert {role: set(permissions) for role, permissions in ROLES.items()} == MAY


def test_a_missing_right_is_named() -> None:
    with pytest.raises(Forbidden, match=r"`keys\.write`") as refused:
        actor(Grant("author", 1)).require("keys.write", 1)
    assert refused.value.data["needed"] == "keys.write"


def test_a_role_covers_those_within_it_and_an_admin_decides_who_is_on_call() -> None:
    for minter, minted in product(MAY, MAY):
        wider = MAY[minter] | ({"releases.break_glass"} if minter == "admin" else set())
        assert covers([Grant(minter, 1)], Grant(minted, 1)) == (MAY[minted] <= wider)


@given(st.lists(GRANTS, max_size=3), GRANTS)
def test_what_a_minted_credential_may_its_minter_may(held: list[Grant], minted: Grant) -> None:
    if not covers(held, minted):
        return
    new, maker = actor(minted), actor(*held)
    for permission, project, environment in product(PERMISSIONS - {"releases.break_glass"}, (1, 2, 3), (None, "staging", "x")):
        assert not new.may(permission, project, environment) or maker.may(permission, project, environment)


def test_roles_are_those_of_the_place() -> None:
    somebody = actor(Grant("viewer"), Grant("author", 1), Grant("releaser", 1, "staging"), Grant("admin", 2, "staging"))
    assert somebody.roles(1) == somebody.roles(1, "production") == {"viewer", "author"}
    assert somebody.roles(1, "staging") == {"viewer", "author", "releaser"}
    assert [somebody.roles(project, "staging") for project in (2, 3)] == [{"viewer", "admin"}, {"viewer"}]


@pytest.mark.parametrize(
    ("project", "place", "told"),
    [(1, "staging", None), (1, "production", " in production"), (1, None, ""), (2, "staging", " in staging")],
)
def test_who_may_passes_and_who_may_not_is_told_where(project: int, place: str | None, told: str | None) -> None:
    releaser = actor(Grant("releaser", 1, "staging"))
    if told is None:
        releaser.require("releases.apply", project, place)
    else:
        with pytest.raises(Forbidden) as refused:
            releaser.require("releases.apply", project, place)
        assert refused.value.detail == f"somebody does not hold `releases.apply`{told}."


WRITES: frozenset[Permission] = frozenset({"members.write"})
APPLIES: frozenset[Permission] = frozenset({"releases.apply"})


@pytest.mark.parametrize(
    ("maker", "role", "narrowed", "given"),
    [
        (actor(Grant("admin", 1)), "admin", None, True),
        (actor(Grant("admin", 2)), "viewer", None, False),
        (actor(Grant("admin", 1, "staging")), "viewer", None, False),
        (actor(Grant("releaser", 1)), "admin", None, False),
        (actor(Grant("releaser", 1)), "admin", APPLIES, True),
        (actor(Grant("releaser", 1)), "viewer", WRITES, True),  # of what the role does not hold, nothing is given
        (actor(Grant("admin", 1), scopes=WRITES), "viewer", None, False),
        (actor(Grant("admin", 1), scopes=WRITES), "admin", APPLIES, False),
        (actor(Grant("admin", 1), scopes=WRITES), "admin", WRITES, True),
        (actor(Grant("author", 1), Grant("reviewer", 1)), "reviewer", None, True),
    ],
)
def test_who_gives_what(maker: Actor, role: Role, narrowed: frozenset[Permission] | None, given: bool) -> None:
    assert may_give(maker, Grant(role, 1), narrowed) is given


@given(st.lists(GRANTS, max_size=3), SCOPES, GRANTS, SCOPES)
def test_nobody_gives_more_than_their_credential_holds(
    held: list[Grant], scopes: frozenset[Permission] | None, minted: Grant, narrowed: frozenset[Permission] | None
) -> None:
    maker, new = actor(*held, scopes=scopes), actor(minted, scopes=narrowed)
    if may_give(maker, minted, narrowed):
        for permission, project, place in product(PERMISSIONS - {"releases.break_glass"}, (1, 2, 3), (None, "staging", "x")):
            assert not new.may(permission, project, place) or maker.may(permission, project, place)


@pytest.mark.parametrize(("to", "given"), [("bob", True), ("", True), ("ada", False), ("owner", False)])
def test_no_admin_puts_themselves_on_call(to: str, given: bool) -> None:
    """Neither by their own credential nor by a service's that they answer for."""
    admin = Actor("ada", "selector", (Grant("admin"),), "request", person="ada", owner="owner")
    assert may_give(admin, Grant("on-call", 1), to=to) is given
    assert may_give(admin, Grant("releaser", 1), to=to)


def test_a_credential_of_one_project_sees_no_other() -> None:
    assert [actor(Grant("admin", 1)).sees(project) for project in (1, 2)] == [True, False]
    assert actor(Grant("admin")).sees(2)


def test_a_right_in_one_environment_is_none_in_another_nor_in_the_project() -> None:
    releaser = actor(Grant("releaser", 1, "staging"))
    assert [releaser.may("releases.apply", 1, place) for place in ("staging", "production", None)] == [True, False, False]
    assert releaser.may("read", 1, "production")


def test_a_credential_can_be_narrower_than_its_person() -> None:
    narrowed = actor(Grant("admin"), scopes=frozenset({"read"}))
    assert [narrowed.may(permission, 1) for permission in ("read", "keys.write")] == [True, False]
    assert not narrowed.may_everywhere("projects.create")


def test_only_an_admin_of_the_instance_makes_projects() -> None:
    makers = [(role, p) for role, p in product(MAY, (1, None)) if actor(Grant(role, p)).may_everywhere("projects.create")]
    assert makers == [("admin", None)]


@pytest.mark.parametrize(("ago", "counts"), [(timedelta(), True), (RECENT, True), (RECENT + timedelta(seconds=1), False)])
def test_a_sign_in_is_recent_for_a_quarter_of_an_hour(ago: timedelta, counts: bool) -> None:
    person = Actor("somebody", "session", (), "request", person="somebody", signed_in_at=WHEN - ago)
    if counts:
        person.require_recent_sign_in(WHEN)
    else:
        with pytest.raises(RecentSignInNeeded):
            person.require_recent_sign_in(WHEN)


def test_who_never_signed_in_did_not_lately() -> None:
    with pytest.raises(RecentSignInNeeded):
        actor().require_recent_sign_in(WHEN)
