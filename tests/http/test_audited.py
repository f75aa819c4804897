"""What the door writes down by itself: who read what is live, and who was refused."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from cuebook_server.domain.errors import ReadOnly
from cuebook_server.store.unit_of_work import SqlUnits
from tests.http.conftest import Site
from tests.http.matrix import LOOK, MATRIX
from tests.http.problems import code
from tests.people import PROJECT, Person

MARK = "marzipan"
SHOWING = {
    "GET /api/projects/{project}/prompts/a/versions/1",
    "GET /api/projects/{project}/prompts/a/diff",
    "POST /api/projects/{project}/prompts/a/render",
    "POST /api/projects/{project}/prompts/a/compare",
    "GET /api/projects/{project}/search",
    "GET /api/projects/{project}/releases/1/diff",
}


def entries(site: Site, action: str) -> list[dict[str, Any]]:
    return [entry for entry in site.registry.audit() if entry["action"] == action]


def readers(site: Site) -> set[str]:
    return {entry["principal"] for entry in entries(site, "content.read")}


@pytest.fixture
def filled(sqlite_site: Site) -> Site:
    """Version 1 of `a` is live in production, and its text cannot be overlooked; release 1 proposes the next one."""
    sqlite_site.registry.save("a", f"x {MARK}")
    sqlite_site.registry.save("a", "nothing sweet")
    sqlite_site.registry.propose("a@2")
    sqlite_site.registry.ship("a", 1)
    return sqlite_site


def test_every_call_that_shows_what_is_live_is_told(filled: Site) -> None:
    """A new call that shows a text and does not hand it to `reads.note` fails here, as soon as the matrix has it."""
    filled.registry.hire("bystander", "viewer")
    showing, quiet = set(), []
    # Those that only look come first: what the others do must not take from production what they look at.
    for number, line in enumerate(sorted(MATRIX, key=lambda line: line.who != LOOK)):
        who = filled.registry.hire(f"reader{number}", "admin")
        answer = filled.ask(line.method, line.path.replace("{project}", PROJECT), line.body, who=who)
        if f"reader{number}" in readers(filled):
            showing.add(line.route)
        elif MARK in answer.text:
            quiet.append(line.route)
    assert (quiet, showing) == ([], SHOWING)


def test_the_answer_leaves_after_the_entry_and_another_look_adds_none(filled: Site) -> None:
    for path in ("prompts/a/versions/production", "prompts/a/versions/1", "search?q=marzipan"):
        assert MARK in filled.get(path).text
    (entry,) = entries(filled, "content.read")
    assert (entry["target"], entry["environment"], entry["source"]) == ("a@1", "production", "testclient")


def test_a_refused_save_that_shows_the_other_side_is_a_read(filled: Site) -> None:
    filled.registry.save("b", "old")
    filled.registry.save("b", f"{MARK} two")
    filled.registry.ship("b", 2)
    body = {"content": {"kind": "text", "text": "mine"}, "base": 1}
    answer = filled.post("prompts/b/versions", body, who=filled.registry.people.colleague)
    assert (code(answer), MARK in answer.text) == ("409 base_moved", True)
    assert [entry["target"] for entry in entries(filled, "content.read")] == ["b@2"]


def test_the_log_has_what_a_database_that_only_reads_cannot_take(filled: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise ReadOnly

    with monkeypatch.context() as patched, capture_logs() as logs:
        patched.setattr(SqlUnits, "write", refuse)
        assert filled.get("prompts/a/versions/1").status_code == 200
    (line,) = [line for line in logs if line["event"] == "content.read"]
    told = {name: line[name] for name in ("principal", "prompt", "version", "environment", "revision")}
    assert told == {"principal": "owner", "prompt": "a", "version": 1, "environment": "production", "revision": 1}
    assert MARK not in str(logs)


# --- who was refused -----------------------------------------------------------------------------------------------------
def denied(site: Site, method: str, path: str, who: Person | None = None, **more: Any) -> dict[str, Any]:
    """The line of the log that a refused call leaves."""
    with capture_logs() as logs:
        site.ask(method, path, who=who, **more)
    (line,) = [line for line in logs if line["event"] == "denied"]
    return {name: line.get(name) for name in ("principal", "method", "path", "code")}


def test_an_attempt_outside_any_project_stands_in_the_instances_chain(filled: Site) -> None:
    line = denied(filled, "GET", "/api/people")
    assert line == {"principal": "owner", "method": "GET", "path": "/api/people", "code": "forbidden"}
    chain = filled.get("/api/projects/default/audit?action=access.denied", who=filled.registry.people.operator).json()["items"]
    assert [(entry["principal"], entry["target"]) for entry in chain] == [("owner", "GET /api/people")]


def test_who_knocks_at_a_foreign_project_stands_in_the_log_and_not_in_its_chain(filled: Site) -> None:
    line = denied(filled, "GET", "prompts/a", filled.registry.people.stranger)
    assert (line["principal"], line["code"]) == ("stranger", "not_found")
    assert entries(filled, "access.denied") == []


def test_who_is_nobody_stands_in_the_log_without_what_they_tried(filled: Site) -> None:
    wrong = filled.registry.people.owner.token[:-1] + "x"
    with capture_logs() as logs:
        assert code(filled.get("prompts", headers={"Authorization": f"Bearer {wrong}"})) == "401 unknown_key"
    assert [line["code"] for line in logs if line["event"] == "denied"] == ["unknown_key"]
    assert wrong not in str(logs)
