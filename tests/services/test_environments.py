"""Projects and environments: made, changed, and their rules kept sound."""

from __future__ import annotations

import pytest

from cuebook_server.domain.errors import AlreadyExists, BadName, Forbidden, NotFound
from cuebook_server.domain.policy import BadPolicy
from cuebook_server.services import environments, projects
from cuebook_server.services.environments import BadEnvironment
from tests.factories import Registry
from tests.people import ELSEWHERE, PROJECT


def names(registry: Registry) -> list[str]:
    return [environment.name for environment in registry.ask(environments.listed)]


def test_a_new_project_has_three_environments(registry: Registry) -> None:
    found = registry.ask(environments.listed)
    assert [(e.name, e.kind, e.tracks_latest, e.policy.comes_from) for e in found] == [
        ("development", "dev", True, None),
        ("staging", "stg", False, "development"),
        ("production", "prd", False, "staging"),
    ]
    assert [e.policy.reason_required for e in found] == [False, False, True]


@pytest.mark.parametrize("name", ["", "Big", "a.b", "123", "latest", "stable", "a" * 65, "a\x00"])
def test_a_project_and_an_environment_have_sound_names(registry: Registry, name: str) -> None:
    with pytest.raises(BadName), registry.units.write() as uow:
        projects.create(registry.people.operator.actor, uow, name)
    with pytest.raises(BadName):
        registry.do(environments.create, name)


def test_only_an_admin_of_the_instance_makes_projects(registry: Registry) -> None:
    with pytest.raises(Forbidden), registry.units.write() as uow:
        projects.create(registry.people.owner.actor, uow, "mine")
    with pytest.raises(AlreadyExists), registry.units.write() as uow:
        projects.create(registry.people.operator.actor, uow, PROJECT)


def test_a_project_exists_only_for_its_people(registry: Registry) -> None:
    with registry.units.read() as uow:
        seen = {name: [p.name for p in projects.visible(getattr(registry.people, name).actor, uow)] for name in SEES}
    assert seen == SEES


SEES = {"operator": ["default", PROJECT, ELSEWHERE], "owner": [PROJECT], "colleague": [PROJECT], "stranger": [ELSEWHERE]}


def test_an_environment_that_tracks_latest_serves_everything_at_once(registry: Registry) -> None:
    registry.save("a", "x")
    made = registry.do(environments.create, "preview", tracks_latest=True)
    assert (made.position, made.policy.latest_allowed, made.policy.reason_required) == (3, True, False)
    assert registry.live("a")["preview"] == 1
    assert registry.save("a", "y").environments == {"development": 2, "preview": 1}


def test_a_pinned_environment_serves_nothing_at_first(registry: Registry) -> None:
    registry.save("a", "x")
    registry.do(environments.create, "canary", kind="prd", position=0, policy={"comes_from": "staging"})
    assert registry.live("a")["canary"] is None
    assert names(registry)[0] == "development"
    assert registry.audit()[-1]["after"]["policy"]["comes_from"] == "staging"


def test_rules_not_named_stay(registry: Registry) -> None:
    changed = registry.do(environments.change, "production", policy={"pins": "any"})
    assert (changed.policy.pins, changed.policy.comes_from, changed.policy.reason_required) == ("any", "staging", True)
    assert (changed.policy_revision, changed.revision) == (2, 0)
    assert registry.ask(environments.one, "production") == changed


def test_rules_that_are_so_already_are_not_written_again(registry: Registry) -> None:
    """The policy's revision would rise, and with it every approval be void."""
    registry.rules(approvals={"count": 1})
    before, entries = registry.ask(environments.one, "production"), len(registry.audit())
    registry.rules(approvals={"count": 1})
    assert registry.ask(environments.one, "production") == before
    assert len(registry.audit()) == entries


def test_environments_are_put_in_order(registry: Registry) -> None:
    registry.do(environments.change, "production", position=0)
    registry.do(environments.change, "development", position=9)
    assert names(registry) == ["production", "staging", "development"]


@pytest.mark.parametrize(
    "policy",
    [
        {"nonsense": 1},
        {"comes_from": "nowhere"},
        {"comes_from": ""},
        {"comes_from": 3},
        {"comes_from": "production"},
        {"pins": "some"},
        {"pins": []},
        {"reason_required": "yes"},
        {"approvals": {"count": 1, "roles": []}},
        {"latest_allowed": 1},
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(registry: Registry, policy: dict[str, object]) -> None:
    before = registry.ask(environments.one, "production")
    with pytest.raises(BadPolicy):
        registry.do(environments.change, "production", policy=policy)
    assert registry.ask(environments.one, "production") == before


def test_comes_from_may_not_go_in_a_circle(registry: Registry) -> None:
    with pytest.raises(match="staging -> production -> staging"):
        registry.do(environments.change, "staging", policy={"comes_from": "production"})
    registry.do(environments.change, "production", policy={"comes_from": None})
    registry.do(environments.change, "staging", policy={"comes_from": "production"})


def test_what_no_environment_can_be(registry: Registry) -> None:
    with pytest.raises(AlreadyExists):
        registry.do(environments.create, "staging")
    with pytest.raises(BadEnvironment):
        registry.do(environments.create, "x", kind="moon")  # type: ignore[arg-type]  # the point
    for position in (-1, 10_001):
        with pytest.raises(BadEnvironment):
            registry.do(environments.create, "x", position=position)
    for number in range(61):
        registry.do(environments.create, f"e{number}")
    with pytest.raises(BadEnvironment, match="at most 64"):
        registry.do(environments.create, "one-too-many")


def test_who_may_change_environments(registry: Registry) -> None:
    for who, refusal in ((registry.people.colleague, Forbidden), (registry.people.stranger, NotFound)):
        with pytest.raises(refusal):
            registry.do_as(who, environments.create, "mine")
        with pytest.raises(refusal):
            registry.do_as(who, environments.change, "production", policy={"comes_from": None})
