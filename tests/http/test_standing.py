"""Rights and credentials may end between a call's first word and its last: whoever lost theirs meanwhile does nothing more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import orjson
import pytest

from cuebook_server.services import credentials, members
from tests.factories import text
from tests.http.conftest import Site
from tests.http.problems import code
from tests.people import PROJECT, Person


def slowly(body: object, meanwhile: Callable[[], object]) -> Iterator[bytes]:
    """A body that takes its time: by 32 KiB in half a minute it may take hours."""
    whole = orjson.dumps(body)
    yield whole[:5]
    meanwhile()
    yield whole[5:]


def send(site: Site, path: str, who: Person, body: object, meanwhile: Callable[[], object]) -> httpx2.Response:
    return site.ask("POST", path, who=who, content=slowly(body, meanwhile), headers={"Content-Type": "application/json"})


def revoke(site: Site, selector: str) -> None:
    site.registry.do(credentials.revoke_token, selector)


def dismiss(site: Site, who: Person) -> None:
    site.registry.do(members.remove, who.actor.principal, "author")


@pytest.mark.parametrize(
    ("path", "body"),
    [("prompts/a/versions", {"content": text("y")}), ("prompts/a/compare", {"content": text("y"), "against": 1})],
)
def test_whose_rights_end_while_the_body_arrives(site: Site, path: str, body: object) -> None:
    colleague = site.registry.people.colleague
    site.registry.save("a", "x")
    assert code(send(site, path, colleague, body, lambda: dismiss(site, colleague))) == "404 not_found"
    site.registry.do(members.add, colleague.actor.principal, "author")
    assert send(site, path, colleague, body, lambda: None).is_success


def test_whose_token_ends_while_the_body_arrives(site: Site) -> None:
    minted = site.registry.do(credentials.create_token, name="ci", role="author")
    token = Person(site.registry.people.owner.actor, minted.credential.token)
    found = send(site, "prompts/a/versions", token, {"content": text("y")}, lambda: revoke(site, minted.row.selector))
    assert code(found) == "401 key_revoked"


def test_whose_rights_end_while_a_change_waits_for_another(site: Site) -> None:
    owner, colleague = site.registry.people.owner, site.registry.people.colleague
    with ThreadPoolExecutor(1) as pool:
        with site.registry.units.write() as uow:
            members.remove(owner.actor, uow, PROJECT, colleague.actor.principal, "author")
            waiting = pool.submit(site.post, "prompts/a/versions", {"content": text("y")}, who=colleague)
            with pytest.raises(TimeoutError):
                waiting.result(0.5)
        assert code(waiting.result()) == "404 not_found"
