"""Management tokens: a role in one project, no wider than its maker, ended at once."""

from __future__ import annotations

import pytest

from cuebook_server.domain.access import Actor
from cuebook_server.domain.errors import Forbidden, KeyExpired, KeyRevoked, NotFound, UnknownKey, WrongKeyKind
from cuebook_server.services import credentials
from cuebook_server.services.credentials import BadCredential
from tests.factories import Registry
from tests.people import ELSEWHERE


def recognise(registry: Registry, token: str) -> Actor:
    with registry.units.read() as uow:
        return credentials.recognise(uow, token, request_id="r", source="127.0.0.1")


def test_a_token_stands_for_its_name_and_role_in_its_project(registry: Registry) -> None:
    made = registry.do(credentials.create_token, name="ci", role="author")
    actor = recognise(registry, made.credential.token)
    assert (actor.principal, actor.credential, actor.role) == ("ci", made.row.selector, "author")
    assert actor.project_id == made.row.project_id is not None


def test_a_revoked_token_opens_nothing(registry: Registry) -> None:
    made = registry.do(credentials.create_token, name="ci", role="author")
    first = registry.do(credentials.revoke_token, made.row.selector)
    assert registry.do(credentials.revoke_token, made.row.selector) == first
    with pytest.raises(KeyRevoked):
        recognise(registry, made.credential.token)


def test_a_token_expires(registry: Registry) -> None:
    made = registry.do(credentials.create_token, name="ci", role="viewer", expires_in_s=60)
    registry.clock.tick(59)
    assert recognise(registry, made.credential.token).role == "viewer"
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
    assert recognise(registry, made.credential.token).role == "author"


def test_tokens_are_listed_without_others(registry: Registry) -> None:
    names = {token.name for token in registry.ask(credentials.list_tokens)}
    assert names == {"owner", "colleague"}
