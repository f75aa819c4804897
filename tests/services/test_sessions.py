"""Signing in: a link counts once and for a quarter of an hour, a session ends by itself, and nothing stored opens a door."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from cuebook_server.domain.session import IDLE_MAX, LIFE_MAX, LINK_LIFE
from cuebook_server.services import audit, sessions
from tests.factories import Registry


def invite(registry: Registry) -> str:
    with registry.units.write() as uow:
        return sessions.invite(uow, request_id="start")


def sign_in(registry: Registry, secret: str, instead_of: str = "") -> str:
    with registry.units.write() as uow:
        return sessions.sign_in(uow, secret, instead_of=instead_of, request_id="req_1", source="127.0.0.1")


def principal(registry: Registry, secret: str) -> str:
    with registry.units.read() as uow:
        return sessions.recognise(uow, secret, request_id="req_2", source="127.0.0.1")[0].principal


def visit(registry: Registry, secret: str) -> None:
    with registry.units.write() as uow:
        sessions.seen(uow, sessions.recognise(uow, secret, request_id="req_2", source="")[1])


def rows(registry: Registry, table: str) -> list[str]:
    with registry.database.read() as connection:
        return [str(tuple(row)) for row in connection.execute(text(f"SELECT * FROM {table}"))]


def test_a_link_signs_its_first_bearer_in_as_the_admin_of_the_instance(registry: Registry) -> None:
    mine = sign_in(registry, invite(registry))
    with registry.units.read() as uow:
        actor, _ = sessions.recognise(uow, mine, request_id="req_2", source="127.0.0.1")
    assert (actor.principal, actor.role, actor.project_id) == ("first-run", "admin", None)


def test_a_link_counts_once(registry: Registry) -> None:
    link = invite(registry)
    sign_in(registry, link)
    with pytest.raises(sessions.LinkRefused):
        sign_in(registry, link)


def test_a_link_ends_after_a_quarter_of_an_hour(registry: Registry) -> None:
    link = invite(registry)
    registry.clock.tick(LINK_LIFE.total_seconds())
    with pytest.raises(sessions.LinkRefused):
        sign_in(registry, link)


@pytest.mark.parametrize("secret", ["", "x", "\ud800", "' OR 1=1 --", "é" * 5_000])
def test_what_is_no_link_is_refused_like_an_old_one(registry: Registry, secret: str) -> None:
    with pytest.raises(sessions.LinkRefused):
        sign_in(registry, secret)
    with pytest.raises(sessions.SignedOut):
        principal(registry, secret)


def test_a_session_nobody_uses_ends_after_twelve_hours(registry: Registry) -> None:
    mine = sign_in(registry, invite(registry))
    registry.clock.tick(IDLE_MAX.total_seconds() - 1)
    assert principal(registry, mine) == "first-run"
    registry.clock.tick(1)
    with pytest.raises(sessions.SignedOut):
        principal(registry, mine)


def test_a_session_in_use_ends_after_seven_days(registry: Registry) -> None:
    mine = sign_in(registry, invite(registry))
    half = IDLE_MAX / 2
    for _ in range(LIFE_MAX // half - 1):
        registry.clock.tick(half.total_seconds())
        visit(registry, mine)
    registry.clock.tick(half.total_seconds())
    with pytest.raises(sessions.SignedOut):
        principal(registry, mine)


def test_signing_in_again_ends_the_session_the_browser_had(registry: Registry) -> None:
    before = sign_in(registry, invite(registry))
    after = sign_in(registry, invite(registry), instead_of=before)
    assert principal(registry, after) == "first-run"
    with pytest.raises(sessions.SignedOut):
        principal(registry, before)


def test_signing_out_ends_one_session_and_no_other(registry: Registry) -> None:
    mine, other = (sign_in(registry, invite(registry)) for _ in range(2))
    with registry.units.write() as uow:
        sessions.sign_out(uow, mine, request_id="req_3", source="")
        sessions.sign_out(uow, mine, request_id="req_4", source="")
    assert principal(registry, other) == "first-run"
    with pytest.raises(sessions.SignedOut):
        principal(registry, mine)


def test_what_has_ended_is_forgotten(registry: Registry) -> None:
    invite(registry)
    sign_in(registry, invite(registry))
    registry.clock.tick(LIFE_MAX.total_seconds())
    invite(registry)
    assert (len(rows(registry, "sign_in_link")), len(rows(registry, "session"))) == (1, 0)


def test_nothing_stored_or_told_opens_a_door(registry: Registry) -> None:
    link = invite(registry)
    mine = sign_in(registry, link)
    unused = invite(registry)
    stored = "".join(row for table in ("sign_in_link", "session", "audit_entry") for row in rows(registry, table))
    assert not [secret for secret in (link, mine, unused) if secret in stored]


def test_the_oldest_projects_chain_tells_of_links_and_sessions(registry: Registry) -> None:
    mine = sign_in(registry, invite(registry))
    with registry.units.write() as uow:
        sessions.sign_out(uow, mine, request_id="req_3", source="127.0.0.1")
        chain = audit.entries(registry.people.operator.actor, uow, "default", after=0, limit=500)
    told = [(entry["action"], entry["principal"]) for entry in chain][-3:]
    assert told == [("link.created", "first-run"), ("session.began", "first-run"), ("session.ended", "first-run")]
    assert chain[-2]["credential"] == chain[-1]["credential"]
