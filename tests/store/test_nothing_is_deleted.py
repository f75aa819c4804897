"""Nothing that is referred to is ever deleted: no statement of ours does it, no call asks for it, and the database refuses."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import exc, text

from cuebook_server import store
from cuebook_server.http import permissions
from cuebook_server.services import prompts, releases
from cuebook_server.services.credentials import create_key
from tests.factories import Registry, request

SOURCES = sorted(Path(store.__file__).parent.glob("*.py"))
# What passes away: who is signed in, invited, a member or guessing; answers kept for retries; another name; the word index.
PASSING = {"session", "sign_in_link", "invitation", "membership", "attempt", "idempotency", "prompt_alias", "search_words"}
PASSING |= {"fleet_instance", "webhook", "webhook_delivery", "webhook_attempt", "notice"}  # who is told, and that they were
STAYS = (
    *("project", "prompt", "version", "version_include", "environment", "pointer", "pointer_change"),
    *("release", "release_item", "release_comment", "review", "audit_entry"),
)


def deleted(source: str) -> Iterator[str]:
    """The tables a module deletes from, by the words it uses."""
    yield from re.findall(r"DELETE FROM (\w+)", source)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "delete":
            yield ast.unparse(node.args[0])


def test_no_statement_of_ours_deletes_what_stays() -> None:
    found = {table for path in SOURCES for table in deleted(path.read_text(encoding="utf-8"))}
    assert found - PASSING == set()
    assert found > {"session", "idempotency"}, "the search finds what is there"


def test_no_call_deletes_but_what_passes() -> None:
    """Who is signed in, who may what and is invited, a release's moment, who is told."""
    calls = {call.split(" ")[1] for call in permissions.TABLE if call.startswith("DELETE ")}
    assert calls == {
        "/sessions/{session}",
        "/people/{login}/roles",
        "/invitations/{invitation}",
        "/projects/{project}/members",
        "/projects/{project}/releases/{release_id}/schedule",
        "/projects/{project}/webhooks/{webhook}",
    }


@pytest.fixture
def registry(registry: Registry) -> Registry:
    """`b` includes `a`, which was live everywhere and is retired from production; an emergency was declared; a key exists."""
    registry.save("a", "x")
    registry.save("b", "{{> a}}")
    registry.ship("a", 1)
    registry.retire("a")
    registry.do(create_key, environment="production", name="web")
    registry.do_as(registry.hire("pager", "on-call"), releases.break_glass, request("promote", "production", "b@1"))
    release = registry.propose("b@1", to="staging")
    registry.do(releases.comment, release.release_id, "why?")
    return registry


def is_refused(registry: Registry, table: str) -> bool:
    """Whether the database lets nobody empty a table that has rows."""
    try:
        with registry.database.engine.begin() as connection:
            assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar(), f"{table} is empty"
            connection.execute(text(f"DELETE FROM {table}"))
            connection.rollback()
    except exc.DBAPIError:
        return True
    return False


def test_the_database_refuses_too(registry: Registry) -> None:
    assert [table for table in STAYS if not is_refused(registry, table)] == []


def test_a_fragment_that_was_retired_is_still_in_what_includes_it(registry: Registry) -> None:
    assert registry.ask(prompts.version, "b", "production").served["text"] == "x"
    assert registry.ask(prompts.version, "a", "1").content["text"] == "x"


def test_a_review_is_closed_once_and_for_good(registry: Registry) -> None:
    """The debt of an emergency: it stays open until somebody closes it, and then says for ever who did."""
    close = text("UPDATE review SET closed_by = :who, closed_at = '2026-11-20 15:00:00.000000'")
    with registry.database.engine.begin() as connection:
        connection.execute(close, {"who": "reviewer"})
    with pytest.raises(exc.DBAPIError, match="never changes"), registry.database.engine.begin() as connection:
        connection.execute(close, {"who": "pager"})
