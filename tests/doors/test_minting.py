"""What is minted can do no more than its maker, and what has ended never begins again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cuebook_server.domain.access import PERMISSIONS
from cuebook_server.services import members, people
from tests.doors.conftest import at_base
from tests.doors.credentials import OWN, PEOPLE, RIGHTS, Credential, personal, service
from tests.doors.world import World
from tests.people import Person, recognised
from tests.support.passwords import PASSWORD

ROLES = sorted(RIGHTS)
SCOPES = st.none() | st.sets(st.sampled_from(sorted(PERMISSIONS)), max_size=6)
# An admin decides who is on call, and so gives what an admin does not hold.
ON_CALL = "releases.break_glass"


def minter(world: World, login: str, scopes: set[str] | None, *, as_service: bool) -> tuple[Credential, frozenset[str]]:
    """A credential of somebody, narrowed, and what it may do in all of `desk`."""
    role, project, environment = PEOPLE[login]
    narrow: Any = None if scopes is None else frozenset(scopes)
    with world.registry.units.write() as uow:
        person = uow.people.find(login)
        assert person is not None
        desk = uow.projects.find("desk")
        assert desk is not None
        token = service(uow.scope(desk), uow, role, 2, scopes=narrow) if as_service else personal(uow, person, scopes=narrow)
    held = RIGHTS[role] if as_service or (project in ("desk", "") and environment is None) else frozenset()
    return Credential("minter", {"Authorization": f"Bearer {token}"}), held if scopes is None else held & scopes


@settings(max_examples=40)
@given(
    login=st.sampled_from(sorted(PEOPLE)),
    scopes=SCOPES,
    as_service=st.booleans(),
    role=st.sampled_from(ROLES),
    wanted=SCOPES,
    environment=st.sampled_from([None, "staging"]),
)
def test_nothing_minted_can_do_more_than_its_maker(worlds: dict[str, World], **case: Any) -> None:
    world = at_base(worlds, "solo")
    who, held = minter(world, case["login"], case["scopes"], as_service=case["as_service"])
    role, wanted = case["role"], case["wanted"]
    within = held | ({ON_CALL} if held & {"tokens.write", "members.write"} and case["scopes"] is None else frozenset())
    token: dict[str, Any] = {"name": "t", "role": role} | ({} if wanted is None else {"scopes": sorted(wanted)})
    grant = {"role": role, "environment": case["environment"]}
    offers: list[tuple[str, str, dict[str, Any], frozenset[str]]] = [
        ("tokens", "tokens.write", token, RIGHTS[role] if wanted is None else RIGHTS[role] & wanted),
        ("members", "members.write", {"login": "viewer", **grant}, RIGHTS[role]),
        (
            "/api/invitations",
            "members.write",
            {"login": "n@example.org", "grants": [{**grant, "project": "desk"}]},
            RIGHTS[role],
        ),
        ("/api/invitations", "members.write", {"login": "m@example.org", "grants": [{**grant, "project": None}]}, RIGHTS[role]),
    ]
    for path, right, body, given_rights in offers:
        answer = world.knock(who, "POST", path, body)
        if answer.status_code < 300:
            assert right in held, (path, case)
            assert given_rights <= within | (case["scopes"] or set()) & {ON_CALL}, (path, case)
    key = world.knock(who, "POST", "keys", {"environment": "production", "name": "k"})
    assert (key.status_code < 300) == ("keys.write" in held)


@pytest.mark.parametrize("login", sorted(PEOPLE))
def test_a_token_of_ones_own_is_no_wider_and_needs_a_sign_in(solo: World, login: str) -> None:
    made = solo.knock(solo.by(f"{login}'s session"), "POST", "/api/me/tokens", {"name": "t", "scopes": ["prompts.write"]})
    assert made.json()["scopes"] == ["prompts.write", "read"]
    narrow = Credential("narrow", {"Authorization": f"Bearer {made.json()['token']}"})
    for wanted in (None, ["releases.apply"], ["prompts.write"]):
        again = solo.knock(narrow, "POST", "/api/me/tokens", {"name": "more", "scopes": wanted})
        assert again.json()["code"] == "recent_sign_in_needed"
    if login in ("admin", "chief"):
        assert solo.knock(narrow, "POST", "tokens", {"name": "t", "role": "viewer"}).status_code == 403


def test_a_narrowed_token_of_the_instances_admin_does_not_run_the_instance(solo: World) -> None:
    """The calls of the instance ask for no permission in a project, so a scope has to be asked for by themselves."""
    calls = [
        ("GET", "/api/people", None),
        ("POST", "/api/people/viewer/disable", None),
        ("POST", "/api/people/viewer/enable", None),
        ("POST", "/api/people/viewer/roles", {"role": "viewer"}),
        ("POST", "/api/projects", {"name": "new"}),
        ("POST", "/api/sessions/revoke-all", {"login": "viewer"}),
        ("POST", "/api/invitations", {"login": "x@example.org", "grants": [{"role": "viewer"}]}),
    ]
    for who in (who for who in solo.credentials if who.person == "chief" and who.narrowed):
        right = {"members.write", "projects.create"} & {who.name.rpartition(": ")[2]}
        for method, path, body in calls:
            needed = "projects.create" if path == "/api/projects" else "members.write"
            assert (solo.knock(who, method, path, body).status_code < 300) == (needed in right), (who.name, path)


# --- links -----------------------------------------------------------------------------------------------------------
def invite(world: World, by: Person, role: str = "admin") -> str:
    body = {"login": "friend@example.org", "grants": [{"role": role, "project": "desk"}]}
    answer = world.knock(by, "POST", "/api/invitations", body)
    assert answer.status_code == 201
    return str(answer.json()["secret"])


def accepted(world: World, secret: str) -> str:
    body = {"secret": secret, "name": "Friend", "password": PASSWORD}
    answer = world.knock(Credential("nobody", OWN), "POST", "/api/invitations/accept", body)
    return "taken" if answer.status_code == 201 else str(answer.json()["code"])


def test_an_invitation_counts_while_whoever_gave_it_could_give_it_again(solo: World) -> None:
    """Somebody about to lose their rights invited themselves under another name: the link counted for seven days more."""
    for end in (None, "removed", "demoted", "disabled"):
        solo.reset()
        leaver = solo.hire("leaver", "admin")
        secret = invite(solo, leaver)
        if end in ("removed", "demoted"):
            solo.registry.do(members.remove, "leaver", "admin")
        if end == "demoted":
            solo.registry.do(members.add, "leaver", "releaser")
        if end == "disabled":
            with solo.registry.units.write() as uow:
                people.disable(solo.registry.people.operator.actor, uow, "leaver")
        assert accepted(solo, secret) == ("taken" if end is None else "link_refused")


def test_an_invitation_by_a_service_counts_and_counts_once(solo: World) -> None:
    with solo.registry.units.write() as uow:
        desk = uow.projects.find("desk")
        assert desk is not None
        by = recognised(uow, service(uow.scope(desk), uow, "admin", 2))
    secret = invite(solo, by, "viewer")
    assert [accepted(solo, secret), accepted(solo, secret)] == ["taken", "link_refused"]


# --- what has ended --------------------------------------------------------------------------------------------------
def test_a_revoked_key_is_never_rotated_back(solo: World) -> None:
    chief = solo.by("chief's session")
    selector = solo.keys["prd"].split("_")[2]
    assert solo.knock(chief, "POST", f"keys/{selector}/revoke").status_code == 200
    assert solo.knock(chief, "POST", f"keys/{selector}/rotate", {"overlap_s": 60}).json()["code"] == "key_revoked"
    refused = solo.client.get("/v1/snapshot", headers={"Authorization": f"Bearer {solo.keys['prd']}"})
    assert refused.status_code == 401


def test_a_key_in_its_overlap_ends_with_it(solo: World) -> None:
    """Rotated again, the old key would have lived on beside the newer one."""
    chief, selector = solo.by("chief's session"), solo.keys["prd"].split("_")[2]
    assert solo.knock(chief, "POST", f"keys/{selector}/rotate", {"overlap_s": 0}).status_code == 201
    assert solo.knock(chief, "POST", f"keys/{selector}/rotate", {"overlap_s": 86_400}).status_code in (201, 409)
    refused = solo.client.get("/v1/snapshot", headers={"Authorization": f"Bearer {solo.keys['prd']}"})
    assert refused.status_code == 401


def test_who_was_disabled_and_enabled_again_signs_in_anew(solo: World) -> None:
    """Tokens and sessions that were ended stay ended."""
    for path in ("disable", "enable"):
        assert solo.knock(solo.by("chief's session"), "POST", f"/api/people/releaser/{path}").status_code == 200
    for who in (who for who in solo.credentials if who.person == "releaser"):
        assert solo.knock(who, "GET", "/api/me").status_code == 401
