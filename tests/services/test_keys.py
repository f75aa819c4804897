"""Delivery keys: made, rotated with overlap, revoked; never stored, told or logged."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import inspect, text

from cuebook_server.domain.errors import Forbidden, KeyExpired, KeyRevoked, NotFound, OutsideNetwork
from cuebook_server.domain.keys import BadNetwork, DeliveryKey
from cuebook_server.domain.prompt import BadMetadata
from cuebook_server.services import credentials
from cuebook_server.services.credentials import BadCredential, Minted
from tests.factories import Registry

DAY = 86_400


def make(registry: Registry, name: str = "app", **more: object) -> Minted[DeliveryKey]:
    return registry.do(credentials.create_key, environment="production", name=name, **more)  # type: ignore[arg-type]  # as given


def stored(registry: Registry, selector: str) -> DeliveryKey:
    return next(key for key in registry.ask(credentials.list_keys) if key.selector == selector)


def test_a_key_says_its_environment_and_is_stored_as_a_hash(registry: Registry) -> None:
    made = make(registry)
    assert made.credential.token.startswith(f"cue_prd_{made.row.selector}_")
    key = stored(registry, made.row.selector)
    assert (key, key.verifier) == (made.row, made.credential.verifier)
    assert made.row in registry.source.keys()  # noqa: SIM118  # a method of the port, no dictionary


def test_the_secret_is_nowhere_in_the_database_nor_in_a_representation(registry: Registry) -> None:
    made = make(registry)
    other = registry.do(credentials.rotate_key, made.row.selector, overlap_s=DAY)
    token = registry.do(credentials.create_token, name="ci", role="author")
    everything = dump(registry)
    for minted in (made, other, token):
        secret = minted.credential.token.split("_")[3]
        assert secret not in everything
        assert secret not in repr(minted)


def dump(registry: Registry) -> str:
    """Every row of every table, as text."""
    with registry.database.read() as connection:
        tables = inspect(connection).get_table_names()
        return "\n".join(str(row) for table in tables for row in connection.execute(text(f'SELECT * FROM "{table}"')))


def test_a_rotated_key_counts_until_the_overlap_has_passed(registry: Registry) -> None:
    old = make(registry, networks=("10.0.0.0/8",)).row
    new = registry.do(credentials.rotate_key, old.selector, overlap_s=DAY).row
    kept = stored(registry, old.selector)
    assert (kept.replaced_by, new.networks, new.expires_at) == (new.selector, old.networks, None)
    kept.check(registry.clock.tick(DAY - 1), "10.0.0.1")
    with pytest.raises(KeyExpired):
        kept.check(registry.clock.tick(1), "10.0.0.1")


def test_an_overlap_never_makes_a_key_live_longer(registry: Registry) -> None:
    old = make(registry, expires_in_s=60).row
    new = registry.do(credentials.rotate_key, old.selector, overlap_s=DAY).row
    assert stored(registry, old.selector).expires_at == old.expires_at == new.expires_at


@pytest.mark.parametrize("overlap_s", [-1, 31 * DAY])
def test_an_overlap_is_bounded(registry: Registry, overlap_s: int) -> None:
    made = make(registry)
    with pytest.raises(BadCredential):
        registry.do(credentials.rotate_key, made.row.selector, overlap_s=overlap_s)


def test_a_revoked_key_stays_revoked(registry: Registry) -> None:
    made = make(registry)
    revoked = registry.do(credentials.revoke_key, made.row.selector)
    registry.clock.tick()
    assert registry.do(credentials.revoke_key, made.row.selector) == revoked
    with pytest.raises(KeyRevoked):
        registry.do(credentials.rotate_key, made.row.selector, overlap_s=0)
    with pytest.raises(KeyRevoked):
        stored(registry, made.row.selector).check(registry.clock.now, "")
    assert [entry["action"] for entry in registry.audit()].count("key.revoked") == 1


def test_a_key_expires(registry: Registry) -> None:
    made = make(registry, expires_in_s=60)
    assert made.row.expires_at == registry.clock.now + timedelta(seconds=60)
    with pytest.raises(KeyExpired):
        made.row.check(registry.clock.tick(60), "")


def test_a_key_is_bound_to_its_networks(registry: Registry) -> None:
    key = make(registry, networks=("10.0.0.0/8", "2001:db8::/32")).row
    for address in ("10.1.2.3", "::ffff:10.1.2.3", "2001:db8::1"):
        key.check(registry.clock.now, address)
    for address in ("11.0.0.1", "::ffff:11.0.0.1", "::1", "", "testclient", "2001:db9::1"):
        with pytest.raises(OutsideNetwork):
            key.check(registry.clock.now, address)


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        ({"networks": ("10.0.0.1/8",)}, BadNetwork),
        ({"networks": ("all",)}, BadNetwork),
        ({"networks": ("10.0.0.0/8",) * 33}, BadNetwork),
        ({"expires_in_s": 0}, BadCredential),
        ({"expires_in_s": 10**12}, BadCredential),
        ({"name": "  "}, BadCredential),
        ({"name": "n" * 101}, BadMetadata),
    ],
)
def test_what_no_key_can_be(registry: Registry, more: dict[str, object], refusal: type[Exception]) -> None:
    before = registry.ask(credentials.list_keys)
    with pytest.raises(refusal):
        make(registry, **more)  # type: ignore[arg-type]  # the wrong types are the point
    assert registry.ask(credentials.list_keys) == before


def test_who_may_make_keys(registry: Registry) -> None:
    made = make(registry)
    for who, refusal in ((registry.people.colleague, Forbidden), (registry.people.stranger, NotFound)):
        with pytest.raises(refusal):
            registry.do_as(who, credentials.create_key, environment="production", name="mine")
        with pytest.raises(refusal):
            registry.do_as(who, credentials.revoke_key, made.row.selector)


def test_a_key_of_another_project_does_not_exist(registry: Registry) -> None:
    made = make(registry)
    stranger = registry.people.stranger.actor
    with pytest.raises(NotFound), registry.units.write() as uow:
        credentials.revoke_key(stranger, uow, "elsewhere", made.row.selector)
    assert stored(registry, made.row.selector).revoked_at is None


def test_of_two_nodes_the_later_use_stays(registry: Registry) -> None:
    """Each writes down once a minute what it saw: the last to write did not see the last use."""
    selector, now = make(registry).row.selector, registry.clock.now
    for seconds in (30, 10, 40, 20):
        registry.source.used({selector: now + timedelta(seconds=seconds)})
    assert stored(registry, selector).last_used_at == now + timedelta(seconds=40)
