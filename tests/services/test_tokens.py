"""Management tokens: a role in one project, no wider than its maker, ended at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cuebook_server.domain.access import Actor, Grant
from cuebook_server.domain.errors import Forbidden, KeyExpired, KeyRevoked, NotFound, UnknownKey, WrongKeyKind
from cuebook_server.domain.keys import SECRET_BYTES, SELECTOR_BYTES, Token, UnknownScope, mint
from cuebook_server.services import callers, credentials, members, people
from cuebook_server.services.credentials import BadCredential, LastWayIn
from tests.factories import Registry
from tests.people import ELSEWHERE, Person


def recognise(registry: Registry, token: str) -> Actor:
    with registry.units.read() as uow:
        return callers.by_token(uow, token, request_id="r", source="127.0.0.1")


def test_a_token_stands_for_its_name_and_role_in_its_project(registry: Registry) -> None:
    made = registry.do(credentials.create_token, name="ci", role="author")
    actor = recognise(registry, made.credential.token)
    assert (actor.principal, actor.credential, actor.person) == ("ci", made.row.selector, None)
    assert actor.grants == (Grant("author", made.row.project_id),)


def test_whoever_made_a_token_answers_for_it(registry: Registry) -> None:
    made = registry.do(credentials.create_token, name="ci", role="author")
    assert (made.row.owner, recognise(registry, made.credential.token).owner) == ("owner", "owner")


def test_a_token_does_no_more_than_whoever_answers_for_it_may_now(registry: Registry) -> None:
    second = registry.hire("second", "admin")
    made = registry.do_as(second, credentials.create_token, name="ci", role="releaser")
    project = made.row.project_id or 0
    registry.hire("second", "author")
    registry.do(members.remove, "second", "admin")
    actor = recognise(registry, made.credential.token)
    assert [actor.may(p, project) for p in ("read", "prompts.write", "releases.apply")] == [True, True, False]
    registry.do(members.remove, "second", "author")
    with pytest.raises(UnknownKey, match="second"):
        recognise(registry, made.credential.token)


def test_a_token_ends_with_the_account_of_whoever_answers_for_it(registry: Registry) -> None:
    made = registry.do(credentials.create_token, name="ci", role="viewer")
    with registry.units.write() as uow:
        people.disable(registry.people.operator.actor, uow, "owner")
    with pytest.raises(UnknownKey):
        recognise(registry, made.credential.token)


def test_a_token_makes_none_that_outlives_it(registry: Registry) -> None:
    made = registry.do(credentials.create_token, name="ci", role="admin", expires_in_s=60)
    ci = Person(recognise(registry, made.credential.token), made.credential.token)
    for longer in (None, 61):
        with pytest.raises(Forbidden, match="outlive"):
            registry.do_as(ci, credentials.create_token, name="next", role="viewer", expires_in_s=longer)
    assert registry.do_as(ci, credentials.create_token, name="next", role="viewer", expires_in_s=60).row.expires_at


def test_scopes_narrow_a_token_and_what_it_makes(registry: Registry) -> None:
    made = registry.do(credentials.create_token, name="ci", role="admin", scopes=["tokens.write", "prompts.write"])
    narrow = Person(recognise(registry, made.credential.token), made.credential.token)
    project = made.row.project_id or 0
    assert [narrow.actor.may(p, project) for p in ("read", "prompts.write", "releases.apply")] == [True, True, False]
    registry.do_as(narrow, credentials.create_token, name="less", role="admin", scopes=["prompts.write"])
    for wider in (None, ["releases.apply"]):
        with pytest.raises(Forbidden):
            registry.do_as(narrow, credentials.create_token, name="more", role="admin", scopes=wider)
    with pytest.raises(UnknownScope):
        registry.do(credentials.create_token, name="x", role="viewer", scopes=["everything"])


@pytest.mark.parametrize("name", ["cuebook", "Operator ", "anonymous"])
def test_a_token_cannot_take_a_name_that_the_audit_gives_to_others(registry: Registry, name: str) -> None:
    with pytest.raises(BadCredential):
        registry.do(credentials.create_token, name=name, role="viewer")


def test_a_token_cannot_take_a_persons_name(registry: Registry) -> None:
    with pytest.raises(BadCredential):
        registry.do(credentials.create_token, name="Colleague", role="viewer")


def test_a_revoked_token_opens_nothing(registry: Registry) -> None:
    made = registry.do(credentials.create_token, name="ci", role="author")
    first = registry.do(credentials.revoke_token, made.row.selector)
    assert registry.do(credentials.revoke_token, made.row.selector) == first
    with pytest.raises(KeyRevoked):
        recognise(registry, made.credential.token)


def test_a_token_expires(registry: Registry) -> None:
    made = registry.do(credentials.create_token, name="ci", role="viewer", expires_in_s=60)
    registry.clock.tick(59)
    assert recognise(registry, made.credential.token).principal == "ci"
    registry.clock.tick(1)
    with pytest.raises(KeyExpired):
        recognise(registry, made.credential.token)


def test_wrong_tokens_are_refused(registry: Registry) -> None:
    token = registry.people.owner.token
    key = registry.do(credentials.create_key, environment="production", name="app").credential.token
    with pytest.raises(WrongKeyKind):
        recognise(registry, key)
    other = "a" if token[-12] != "a" else "b"
    for wrong in ("", "cue", token[:-1], token + "0", token.upper(), token[:-12] + other + token[-11:]):
        with pytest.raises(UnknownKey):
            recognise(registry, wrong)


def test_only_admins_make_tokens_and_none_is_wider_than_its_maker(registry: Registry) -> None:
    for role in ("viewer", "author", "reviewer", "releaser"):
        who = registry.hire(role, role)
        with pytest.raises(Forbidden):
            registry.do_as(who, credentials.create_token, name="mine", role="viewer")
    with pytest.raises(NotFound):
        registry.do_as(registry.people.stranger, credentials.create_token, name="mine", role="viewer")
    with pytest.raises(BadCredential):
        registry.do(credentials.create_token, name="mine", role="king")  # type: ignore[arg-type]  # the point


def test_a_token_of_another_project_cannot_be_ended(registry: Registry) -> None:
    made = registry.do(credentials.create_token, name="ci", role="author")
    with pytest.raises(NotFound), registry.units.write() as uow:
        credentials.revoke_token(registry.people.stranger.actor, uow, ELSEWHERE, made.row.selector)
    assert recognise(registry, made.credential.token).principal == "ci"


def instance_tokens(registry: Registry) -> list[str]:
    with registry.units.read() as uow:
        return [token.selector for token in credentials.list_instance_tokens(registry.people.operator.actor, uow)]


def ended(registry: Registry, selector: str, by: Person) -> None:
    with registry.units.write() as uow:
        credentials.revoke_instance_token(by.actor, uow, selector)


def test_the_token_of_the_first_start_is_listed_and_ended_by_an_admin_of_the_instance(registry: Registry) -> None:
    operator, owner = registry.people.operator, registry.people.owner
    assert instance_tokens(registry) == [operator.actor.credential]
    with pytest.raises(LastWayIn):
        ended(registry, operator.actor.credential, operator)
    with pytest.raises(Forbidden):
        ended(registry, operator.actor.credential, owner)
    with registry.units.write() as uow:
        people.give_role(operator.actor, uow, "owner", "admin")
    ended(registry, operator.actor.credential, operator)
    with pytest.raises(KeyRevoked):
        recognise(registry, operator.token)


def test_a_token_of_a_project_is_none_of_the_instance(registry: Registry) -> None:
    made = registry.do(credentials.create_token, name="ci", role="author")
    with pytest.raises(NotFound):
        ended(registry, made.row.selector, registry.people.operator)
    with pytest.raises(NotFound):
        registry.do(credentials.revoke_token, registry.people.operator.actor.credential)


def test_another_token_keeps_the_way_in_while_it_counts(registry: Registry) -> None:
    operator = registry.people.operator
    mine = mint("svc", bytes(SELECTOR_BYTES + SECRET_BYTES))
    with registry.units.write() as uow:
        ends = uow.now + timedelta(hours=1)
        uow.credentials.add_token(Token(mine.selector, "v", None, "ci", "admin", "test", uow.now, expires_at=ends))
    registry.clock.tick(3_600)
    with pytest.raises(LastWayIn):
        ended(registry, operator.actor.credential, operator)
    registry.clock.tick(-60)
    ended(registry, operator.actor.credential, operator)


def test_tokens_are_listed_without_others(registry: Registry) -> None:
    registry.do(credentials.create_token, name="ci", role="viewer")
    assert [token.name for token in registry.ask(credentials.list_tokens)] == ["ci"]
