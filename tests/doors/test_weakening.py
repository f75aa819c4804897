"""Who makes production's rules looser: nobody at once where it asks for approvals; elsewhere admins, told in the audit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cuebook_server.services import releases
from tests.doors.conftest import at_base
from tests.doors.moves import release
from tests.doors.oracle import Facts
from tests.doors.world import World
from tests.factories import request

HERE = "PATCH environments/production"
LOOSER: dict[str, tuple[str, Any]] = {
    "approvals": (HERE, {"policy": {"approvals": {"count": 0, "author": True, "roles": ["viewer"]}}}),
    "approvals of wording": (HERE, {"policy": {"approvals": {"count": 2, "wording": 0}}}),
    "source": (HERE, {"policy": {"comes_from": None}}),
    "another source": (HERE, {"policy": {"comes_from": "development"}}),
    "soak": (HERE, {"policy": {"soak_s": 1}}),
    "gates": (HERE, {"policy": {"gates": [], "gate_age_s": 1}}),
    "reason": (HERE, {"policy": {"reason_required": False}}),
    "pins": (HERE, {"policy": {"pins": "any"}}),
    "latest": (HERE, {"policy": {"latest_allowed": True}, "position": 1}),
    "by a release": ("POST releases", release("policy", policy={"pins": "any"})),
    "by a release of a preset": ("POST releases", release("policy", preset="solo", policy={"pins": "any"})),
}


@pytest.mark.parametrize("preset", ["solo", "team", "regulated"])
@pytest.mark.parametrize("what", LOOSER)
def test_rules_are_loosened_by_admins_where_nobody_else_is_asked(worlds: dict[str, World], what: str, preset: str) -> None:
    world, (call, body) = at_base(worlds, preset), LOOSER[what]
    method, _, path = call.partition(" ")
    trying = [who for who in world.credentials if (who.strong or who.narrowed if preset == "solo" else who.mighty)]
    loosened = set()
    for who in trying:
        before = world.state()
        answer = world.knock(who, method, path, body)
        after = world.state()
        if after.environment[1:] == before.environment[1:]:
            assert after == before, who.name
            continue
        assert (answer.status_code < 300, after.production[0], told(world)) == (True, before.production[0], who.person)
        loosened.add(who.name)
        world.reset()
    needed = "environments.write"
    assert loosened == ({who.name for who in trying if needed in who.everywhere} if preset == "solo" else set())


@pytest.mark.parametrize("count", [0, 1, 2])
def test_rules_that_ask_for_approvals_change_with_them(regulated: World, count: int) -> None:
    asked = replace(request("policy", "production", reason="looser"), policy={"pins": "any"})
    number = regulated.registry.do(releases.propose, asked).release_id
    regulated.approve(number, *(regulated.hire(f"judge{n}", "reviewer") for n in range(count)))
    regulated.reset(regulated.keep("asked"))
    changed = set()
    for who in (who for who in regulated.credentials if who.strong):
        before = regulated.state()
        regulated.knock(who, "POST", f"releases/{number}/apply")
        if regulated.state() != before:
            assert regulated.state().policy["pins"] == "any"
            changed.add(who.name)
            regulated.reset()
    holders = {who.name for who in regulated.credentials if who.strong and "environments.write" in who.everywhere}
    assert changed == (holders if count == 2 else set())


def test_looser_rules_of_its_source_let_nothing_into_production(team: World) -> None:
    """Staging asks for nobody, so an admin opens it to everything; production still asks for its own approval."""
    chief = team.by("chief's session")
    for path, body in (("environments/staging", {"policy": {"comes_from": None}}), ("environments/staging", {"position": 9})):
        assert team.knock(chief, "PATCH", path, body).status_code == 200
    before = team.state()
    shipped = {**release("promote", "c@1"), "environment": "staging"}
    assert team.knock(chief, "POST", "releases", shipped).status_code == 201
    assert team.knock(chief, "POST", "releases", release("promote", "c@1")).json()["code"] == "policy_refused"
    assert team.state().production == before.production


def test_no_environment_takes_productions_place(team: World) -> None:
    """A new environment of the same kind has its own keys: production's key goes on serving production."""
    chief, served = team.by("chief's session"), team.served()
    for name in ("production2", "prd", "production-"):
        team.knock(chief, "POST", "environments", {"name": name, "kind": "prd", "tracks_latest": True, "position": 2})
    for name in ("production", "Production", "production ", "prod\u200buction"):
        answer = team.knock(chief, "POST", "environments", {"name": name, "kind": "prd", "tracks_latest": True})
        assert answer.status_code in (409, 422)
    assert team.served() == served


def told(world: World) -> str | None:
    """Who the audit says changed production's rules last; a service's token is nobody."""
    with world.app.database.read() as connection:
        rows = Facts(connection).rows(
            "SELECT principal FROM audit_entry WHERE project_id = 2 AND action = 'environment.changed'"
            " AND environment = 'production' ORDER BY seq DESC LIMIT 1"
        )
    return None if rows[0].principal.startswith("a ") else str(rows[0].principal)
