"""Roles: what each may do, and that nobody makes a credential wider than their own."""

from __future__ import annotations

from itertools import product

import pytest

from cuebook_server.domain.access import ROLES, Actor, Permission, Role, covers
from cuebook_server.domain.errors import Forbidden

MAY: dict[Role, set[Permission]] = {
    "viewer": {"read"},
    "reviewer": {"read"},
    "author": {"read", "prompts.write"},
    "releaser": {"read", "prompts.write", "releases.apply", "releases.rollback"},
    "admin": {
        "read",
        "prompts.write",
        "releases.apply",
        "releases.rollback",
        "environments.write",
        "keys.write",
        "tokens.write",
    },
}


def actor(role: Role, project: int | None = 1) -> Actor:
    return Actor("somebody", "selector", role, project, "request")


def test_every_role_may_what_the_table_says() -> None:
    assert {role: set(permissions) for role, permissions in ROLES.items()} == MAY


def test_a_missing_right_is_named() -> None:
    with pytest.raises(Forbidden, match=r"`keys\.write`") as refused:
        actor("author").require("keys.write")
    assert refused.value.data["needed"] == "keys.write"


def test_a_role_covers_exactly_those_within_it() -> None:
    for minter, minted in product(MAY, MAY):
        assert covers(minter, minted) == (MAY[minted] <= MAY[minter])


def test_a_credential_of_one_project_sees_no_other() -> None:
    assert [actor("admin").sees(project) for project in (1, 2)] == [True, False]
    assert actor("admin", None).sees(2)


def test_only_an_admin_of_the_instance_makes_projects() -> None:
    makers = [(role, project) for role, project in product(MAY, (1, None)) if actor(role, project).may("projects.create")]
    assert makers == [("admin", None)]
