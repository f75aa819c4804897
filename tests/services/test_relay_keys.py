"""The key of a relay: for some environments of one project, made and rotated by whoever may make keys."""

from __future__ import annotations

import pytest

from cuebook_server.domain.errors import CuebookError, Forbidden, NotFound
from cuebook_server.services import credentials
from cuebook_server.services.credentials import BadCredential
from tests.factories import Registry

BOTH = ("staging", "production")


def test_it_is_made_and_rotated_for_the_environments_it_names(registry: Registry) -> None:
    made = registry.do(credentials.create_key, environment="", name="edge", relays=BOTH)
    rotated = registry.do(credentials.rotate_key, made.row.selector, overlap_s=60)
    for one in (made, rotated):
        assert one.credential.token.startswith("cue_rly_")
        assert (one.row.relays, one.row.environment) == (BOTH, "staging")
    assert {key.relays for key in registry.source.keys() if key.name == "edge"} == {BOTH}  # noqa: SIM118  # a method of the port


@pytest.mark.parametrize(
    ("environment", "relays", "refused"),
    [("production", BOTH, BadCredential), ("", (), BadCredential), ("", ("nowhere",), NotFound)],
)
def test_a_key_is_of_one_environment_or_a_relays(
    registry: Registry, environment: str, relays: tuple[str, ...], refused: type[CuebookError]
) -> None:
    with pytest.raises(refused):
        registry.do(credentials.create_key, environment=environment, name="k", relays=relays)


def test_colleagues_and_strangers_make_none(registry: Registry) -> None:
    for person, refused in ((registry.people.colleague, Forbidden), (registry.people.stranger, NotFound)):
        with pytest.raises(refused):
            registry.do_as(person, credentials.create_key, environment="", name="k", relays=BOTH)
