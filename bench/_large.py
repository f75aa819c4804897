"""A registry of 10,000 prompts with 20 versions each, written past the use cases but under the database's own guards."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert, text, update

from cuebook_server.domain import content, search
from cuebook_server.services.first_run import set_up
from cuebook_server.store import schema
from cuebook_server.store.database import Database
from cuebook_server.store.unit_of_work import SqlUnits

PROMPTS, VERSIONS = 10_000, 20
PROJECT, DEVELOPMENT, PINNED = 1, 1, (2, 3)
NOW = datetime(2026, 11, 20, tzinfo=UTC)
WORDS = "You are a support agent. Read the ticket, decide how urgent it is, and answer in the tone of {{tone}}. "
CHUNK = 1_000


def fill(database: Database) -> str:
    """Write everything; returns a management token."""
    with SqlUnits(database).write() as uow:
        first = set_up(uow)
    assert first is not None
    with database.engine.connect().execution_options(immediate=True) as connection, connection.begin():
        _write(connection, schema.prompt, _prompts())
        _write(connection, schema.version, _versions())
        _write(connection, schema.search_document, _documents())
        connection.execute(text("INSERT INTO search_words (rowid, words) VALUES (:id, :words)"), list(_indexed()))
        _track(connection)
        for release_id, environment in enumerate(PINNED, 1):
            _release(connection, release_id, environment)
    return first.token


def name(prompt: int) -> str:
    return f"team{prompt % 100}.prompt-{prompt}"


def _write(connection: Connection, table: Any, rows: Iterable[dict[str, Any]]) -> None:
    waiting: list[dict[str, Any]] = []
    for row in rows:
        waiting.append(row)
        if len(waiting) == CHUNK:
            connection.execute(insert(table), waiting)
            waiting = []
    if waiting:
        connection.execute(insert(table), waiting)


def _prompts() -> Iterator[dict[str, Any]]:
    plain = {"description": "", "owner": "", "tags": "[]", "created_at": NOW, "latest": VERSIONS, "project_id": PROJECT}
    for prompt in range(1, PROMPTS + 1):
        yield {**plain, "prompt_id": prompt, "name": name(prompt)}


def _versions() -> Iterator[dict[str, Any]]:
    locked = content.lock(content.draft({"kind": "text", "text": f"@mark@ {WORDS * 5}"}), {})
    template = locked.canonical.decode()
    for prompt in range(1, PROMPTS + 1):
        for number in range(1, VERSIONS + 1):
            body = template.replace("@mark@", _mark(prompt, number))
            digest = f"sha256:{hashlib.sha256(body.encode()).hexdigest()}"
            row = {"project_id": PROJECT, "prompt_id": prompt, "number": number, "digest": digest, "body": body}
            yield {**row, "served": None, "author": "bench", "message": "", "created_at": NOW, "provenance": None}


def _mark(prompt: int, number: int) -> str:
    return f"prompt{prompt} edition{number}"


def _documents() -> Iterator[dict[str, Any]]:
    for prompt in range(1, PROMPTS + 1):
        for number in range(VERSIONS + 1):
            yield {"document_id": _document(prompt, number), "project_id": PROJECT, "prompt_id": prompt, "number": number}


def _document(prompt: int, number: int) -> int:
    return (prompt - 1) * (VERSIONS + 1) + number + 1


def _indexed() -> Iterator[dict[str, Any]]:
    common = search.words(WORDS)
    for prompt in range(1, PROMPTS + 1):
        for number in range(VERSIONS + 1):
            words = search.words(_mark(prompt, number)) + common if number else search.words(name(prompt))
            yield {"id": _document(prompt, number), "words": " ".join(words)}


def _raise(connection: Connection, environment: int) -> None:
    of = schema.environment
    mine = (of.c.project_id == PROJECT) & (of.c.environment_id == environment)
    connection.execute(update(of).where(mine).values(revision=1, updated_at=NOW))


def _changes(environment: int, cause: str, release_id: int | None) -> Iterator[dict[str, Any]]:
    same = {"project_id": PROJECT, "environment_id": environment, "revision": 1, "before": None, "after": VERSIONS}
    for prompt in range(1, PROMPTS + 1):
        yield {**same, "prompt_id": prompt, "cause": cause, "actor": "bench", "at": NOW, "release_id": release_id}


def _track(connection: Connection) -> None:
    _raise(connection, DEVELOPMENT)
    _write(connection, schema.pointer_change, _changes(DEVELOPMENT, "save", None))


def _release(connection: Connection, release_id: int, environment: int) -> None:
    _raise(connection, environment)
    about = {"kind": "promote", "state": "proposed", "reason": "bench", "author": "bench", "notes": "[]"}
    decision = json.dumps({"allowed": True, "policy_revision": 1, "rules": []})
    times = {"created_at": NOW, "applied_at": NOW, "epoch": 1, "revision": 1, "decision": decision}
    key = {"project_id": PROJECT, "release_id": release_id}
    connection.execute(insert(schema.release), [{**key, "environment_id": environment, **about, **times}])
    each = range(1, PROMPTS + 1)
    items = ({**key, "ordinal": p, "prompt_id": p, "number": VERSIONS, "replaces": None} for p in each)
    _write(connection, schema.release_item, items)
    of = schema.release
    applied = (of.c.project_id == PROJECT) & (of.c.release_id == release_id)
    connection.execute(update(of).where(applied).values(state="applied"))
    _write(connection, schema.pointer_change, _changes(environment, "promote", release_id))
    pointers = ({**key, "environment_id": environment, "prompt_id": p, "number": VERSIONS, "revision": 1} for p in each)
    _write(connection, schema.pointer, pointers)
