"""The audit chain over HTTP: page by page, and as a file that anybody can check."""

from __future__ import annotations

import json

from cuebook.audit import verify
from cuebook_server.domain.access import Actor
from cuebook_server.services import prompts
from cuebook_server.services.ports import UnitOfWork
from tests.factories import text
from tests.http.conftest import Site


def save_often(actor: Actor, uow: UnitOfWork, project: str) -> None:
    """More than one page of the export, in one transaction."""
    for number in range(520):
        prompts.save(actor, uow, project, "a", prompts.Draft(text(f"text {number}"), ""))


def test_the_export_is_the_whole_chain(site: Site) -> None:
    site.registry.do(save_often)
    answer = site.get("audit/export")
    chain = [json.loads(line) for line in answer.text.splitlines()]
    assert answer.headers["content-type"].startswith("application/jsonl")
    assert chain == site.registry.audit()
    assert verify(chain).intact


def test_pages_follow_each_other(site: Site) -> None:
    for number in range(5):
        site.registry.save("a", f"text {number}")
    seen, after = [], 0
    while True:
        page = site.get(f"audit?after={after}&limit=3").json()
        seen += page["items"]
        if page["next"] is None:
            break
        after = int(page["next"])
    assert seen == site.registry.audit()


def test_no_secret_is_in_the_chain_nor_in_the_log(site: Site, capfd: object) -> None:
    made = site.post("keys", {"environment": "production", "name": "app"}).json()
    rotated = site.post(f"keys/{made['selector']}/rotate", {"overlap_s": 60}).json()
    token = site.post("tokens", {"name": "ci", "role": "author"}).json()
    told = site.get("audit/export").text + site.get("keys").text + site.get("tokens").text + capfd.readouterr().err  # type: ignore[attr-defined]  # pytest's fixture
    for secret in (made["key"], rotated["key"], token["token"], site.registry.people.owner.token):
        assert secret.split("_")[3] not in told


def test_retrying_the_making_of_a_key_leaves_no_secret_in_the_database(site: Site) -> None:
    """The answer is kept for a day, so that a retry gets it; whoever copies the database must not find the key in it."""
    from tests.services.test_keys import dump

    body, once = {"environment": "production", "name": "app"}, {"idempotency-key": "k"}
    first = site.post("keys", body, headers=once).json()
    again = site.post("keys", body, headers=once).json()
    assert again == first
    assert first["key"].split("_")[3] not in dump(site.registry)
