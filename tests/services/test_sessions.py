"""Sessions: a password begins one, it ends by itself, and nothing stored opens a door."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from cuebook_server.domain.access import Actor, RecentSignInNeeded
from cuebook_server.domain.attempt import FORGET_AFTER, LOGIN_FREE
from cuebook_server.domain.errors import Forbidden, NotFound, TooManyAttempts, UnknownKey
from cuebook_server.domain.person import Person
from cuebook_server.domain.session import IDLE_MAX, LIFE_MAX, SignedOut
from cuebook_server.services import callers, sessions
from cuebook_server.services.sessions import Visit, WrongPassword
from tests.factories import Registry
from tests.support.passwords import PASSWORD, cheap

AUTHOR, REVIEWER = "author@example.org", "reviewer@example.org"
HERE = Visit("req_1", "127.0.0.1")


def account(registry: Registry, login: str = AUTHOR) -> Person:
    with registry.units.write() as uow:
        return uow.people.add(login, "Author", cheap().hash(PASSWORD))


def sign_in(registry: Registry, login: str = AUTHOR, password: str = PASSWORD, visit: Visit = HERE) -> str:
    return sessions.sign_in(registry.units, cheap(), login, password, visit)


def actor(registry: Registry, secret: str) -> Actor:
    with registry.units.read() as uow:
        return sessions.recognise(uow, secret, request_id="req_2", source="127.0.0.1")[0]


def by_token(registry: Registry, token: str) -> Actor:
    with registry.units.read() as uow:
        return callers.by_token(uow, token, request_id="req_2", source="127.0.0.1")


def rows(registry: Registry, table: str) -> list[str]:
    with registry.database.read() as connection:
        return [str(tuple(row)) for row in connection.execute(text(f"SELECT * FROM {table}"))]


def test_a_password_begins_a_session_of_its_person(registry: Registry) -> None:
    account(registry)
    found = actor(registry, sign_in(registry, " Author@Example.org "))
    assert (found.principal, found.person, found.grants, found.scopes) == (AUTHOR, AUTHOR, (), None)
    assert found.signed_in_at == registry.clock.now


@pytest.mark.parametrize(
    ("login", "password"), [(AUTHOR, "wrong"), (AUTHOR, ""), (REVIEWER, PASSWORD), ("", ""), ("\ud800", "é" * 9_000)]
)
def test_a_wrong_password_and_an_unknown_login_are_refused_alike(registry: Registry, login: str, password: str) -> None:
    account(registry)
    with pytest.raises(WrongPassword) as refused:
        sign_in(registry, login, password)
    assert refused.value.detail == f"{WrongPassword.title()}."


def test_failed_sign_ins_make_the_next_one_wait(registry: Registry) -> None:
    account(registry)
    for _ in range(LOGIN_FREE):
        with pytest.raises(WrongPassword):
            sign_in(registry, password="wrong")
    for password in ("wrong", PASSWORD):
        with pytest.raises(TooManyAttempts):
            sign_in(registry, password=password)
    registry.clock.tick(1.7)
    with pytest.raises(TooManyAttempts, match="in 1 s") as refused:  # it said 0 s, and the header Retry-After 1 s in any case
        sign_in(registry)
    assert refused.value.data == {"retry_after_s": 1}
    registry.clock.tick(0.3)
    sign_in(registry)
    with pytest.raises(WrongPassword):
        sign_in(registry, password="wrong")


def test_one_address_may_not_try_many_logins(registry: Registry) -> None:
    account(registry)
    for n in range(50):
        with pytest.raises(WrongPassword):
            sign_in(registry, f"{n}@example.org", "wrong")
    with pytest.raises(TooManyAttempts):
        sign_in(registry)
    sign_in(registry, visit=Visit("r", "10.0.0.9"))
    registry.clock.tick(FORGET_AFTER.total_seconds())
    sign_in(registry)
    assert rows(registry, "attempt") == []


def test_refused_sign_ins_of_people_are_told(registry: Registry) -> None:
    account(registry)
    for login in (AUTHOR, REVIEWER):
        with pytest.raises(WrongPassword):
            sign_in(registry, login, "wrong")
    chain = [row for row in rows(registry, "audit_entry") if "sign_in.refused" in row]
    assert len(chain) == 1
    assert AUTHOR in chain[0]


def test_a_session_nobody_uses_ends_after_twelve_hours(registry: Registry) -> None:
    account(registry)
    mine = sign_in(registry)
    registry.clock.tick(IDLE_MAX.total_seconds() - 1)
    assert actor(registry, mine).principal == AUTHOR
    registry.clock.tick(1)
    with pytest.raises(SignedOut):
        actor(registry, mine)


def test_a_session_in_use_ends_after_seven_days(registry: Registry) -> None:
    account(registry)
    mine = sign_in(registry)
    half = IDLE_MAX / 2
    for _ in range(LIFE_MAX // half - 1):
        registry.clock.tick(half.total_seconds())
        with registry.units.write() as uow:
            callers.used(uow, actor(registry, mine))
    registry.clock.tick(half.total_seconds())
    with pytest.raises(SignedOut):
        actor(registry, mine)


def test_signing_in_again_ends_the_session_the_browser_had(registry: Registry) -> None:
    account(registry)
    before = sign_in(registry)
    after = sign_in(registry, visit=Visit("r", "", instead_of=before))
    assert actor(registry, after).principal == AUTHOR
    with pytest.raises(SignedOut):
        actor(registry, before)


def test_a_recent_sign_in_lasts_a_quarter_of_an_hour_and_is_renewed(registry: Registry) -> None:
    account(registry)
    mine = sign_in(registry)
    registry.clock.tick(15 * 60 + 1)
    with pytest.raises(RecentSignInNeeded):
        actor(registry, mine).require_recent_sign_in(registry.clock.now)
    with pytest.raises(WrongPassword):
        sessions.confirm(actor(registry, mine), registry.units, cheap(), "wrong")
    sessions.confirm(actor(registry, mine), registry.units, cheap(), PASSWORD)
    actor(registry, mine).require_recent_sign_in(registry.clock.now)


def test_who_is_noted_as_seen_stays_confirmed(registry: Registry) -> None:
    """A page that is looked at reads the session, and writes in a later transaction that it is in use."""
    account(registry)
    secret = sign_in(registry)
    with registry.units.read() as uow:
        _, read_before = sessions.recognise(uow, secret, request_id="req_3", source="127.0.0.1")
    registry.clock.tick(3_600)
    sessions.confirm(actor(registry, secret), registry.units, cheap(), PASSWORD)
    with registry.units.write() as uow:
        sessions.seen(uow, read_before)
    actor(registry, secret).require_recent_sign_in(registry.clock.now)


def test_a_session_as_a_token_is_signed_in_and_ends_with_it(registry: Registry) -> None:
    account(registry)
    token = sessions.sign_in_bearer(registry.units, cheap(), AUTHOR, PASSWORD, HERE)
    me = by_token(registry, token)
    me.require_recent_sign_in(registry.clock.now)
    with registry.units.write() as uow:
        sessions.end(me, uow, "current")
    with pytest.raises(UnknownKey):
        by_token(registry, token)


def test_one_of_my_sessions_or_all_of_them_end(registry: Registry) -> None:
    account(registry)
    first, second, third = (sign_in(registry) for _ in range(3))
    me = actor(registry, first)
    with registry.units.write() as uow:
        sessions.end(me, uow, actor(registry, second).credential.removeprefix("session-"))
        with pytest.raises(NotFound):
            sessions.end(me, uow, "nothing")
        assert sessions.end_all(me, uow) == 2
    for secret in (first, second, third):
        with pytest.raises(SignedOut):
            actor(registry, secret)


def test_only_admins_of_the_instance_end_the_sessions_of_others(registry: Registry) -> None:
    account(registry)
    mine = sign_in(registry)
    with pytest.raises(Forbidden), registry.units.write() as uow:
        sessions.end_all(registry.people.owner.actor, uow, AUTHOR)
    with registry.units.write() as uow:
        assert sessions.end_all(registry.people.operator.actor, uow, AUTHOR) == 1
    with pytest.raises(Forbidden, match="no sessions"), registry.units.write() as uow:
        sessions.end_all(registry.people.operator.actor, uow)
    with pytest.raises(SignedOut):
        actor(registry, mine)


def test_signing_out_ends_one_session_and_no_other(registry: Registry) -> None:
    account(registry)
    mine, other = sign_in(registry), sign_in(registry)
    for _ in range(2):
        with registry.units.write() as uow:
            sessions.sign_out(uow, mine, request_id="req_3", source="")
    assert actor(registry, other).principal == AUTHOR
    with pytest.raises(SignedOut):
        actor(registry, mine)


def test_what_has_ended_is_forgotten(registry: Registry) -> None:
    account(registry)
    sign_in(registry)
    registry.clock.tick(LIFE_MAX.total_seconds())
    sign_in(registry)
    assert len(rows(registry, "session")) == 1


def test_nothing_stored_or_told_opens_a_door(registry: Registry) -> None:
    account(registry)
    mine, token = sign_in(registry), sessions.sign_in_bearer(registry.units, cheap(), AUTHOR, PASSWORD, HERE)
    stored = "".join(row for table in ("session", "personal_token", "person", "audit_entry") for row in rows(registry, table))
    assert not [secret for secret in (mine, token, PASSWORD) if secret in stored]
