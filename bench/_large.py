"""A large registry, such as 10,000 prompts with 20 versions each.

It is written past the use cases, but under the database's own guards, and released as people would: some prompts at a time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, text, update

from cuebook_server.domain import content, search
from cuebook_server.services.first_run import set_up
from cuebook_server.store import schema
from cuebook_server.store.database import Database
from cuebook_server.store.unit_of_work import SqlUnits

PROJECT, DEVELOPMENT, PINNED = 1, 1, (2, 3)
NOW = datetime(2026, 11, 20, tzinfo=UTC)
WORDS = "You are a support agent. Read the ticket, decide how urgent it is, and answer in the tone of {{tone}}. "
CHUNK, RELEASED = 1_000, 100


class Size(NamedTuple):
    """How much of it."""

    prompts: int = 10_000
    versions: int = 20


def fill(database: Database, size: Size) -> str:
    """Write everything; returns a management token."""
    with SqlUnits(database).write() as uow:
        first = set_up(uow)
    assert first is not None
    with database.engine.connect().execution_options(immediate=True) as connection, connection.begin():
        _write(connection, schema.prompt, _prompts(size))
        _write(connection, schema.version, _versions(size))
        _write(connection, schema.search_document, _documents(size))
        _index(connection, database.dialect, size)
        _track(connection, size)
        _release_all(connection, size)
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


def _prompts(size: Size) -> Iterator[dict[str, Any]]:
    plain = {"description": "", "owner": "", "tags": "[]", "created_at": NOW, "latest": size.versions, "project_id": PROJECT}
    for prompt in range(1, size.prompts + 1):
        yield {**plain, "prompt_id": prompt, "name": name(prompt)}


def _versions(size: Size) -> Iterator[dict[str, Any]]:
    locked = content.lock(content.draft({"kind": "text", "text": f"@mark@ {WORDS * 5}"}), {})
    template = locked.canonical.decode()
    for prompt in range(1, size.prompts + 1):
        for number in range(1, size.versions + 1):
            body = template.replace("@mark@", _mark(prompt, number))
            digest = f"sha256:{hashlib.sha256(body.encode()).hexdigest()}"
            row = {"project_id": PROJECT, "prompt_id": prompt, "number": number, "digest": digest, "body": body}
            yield {**row, "served": None, "author": "bench", "message": "", "created_at": NOW, "provenance": None}


def _mark(prompt: int, number: int) -> str:
    return f"prompt{prompt} edition{number}"


def _documents(size: Size) -> Iterator[dict[str, Any]]:
    for prompt in range(1, size.prompts + 1):
        for number in range(size.versions + 1):
            yield {"document_id": _document(size, prompt, number), "project_id": PROJECT, "prompt_id": prompt, "number": number}


def _document(size: Size, prompt: int, number: int) -> int:
    return (prompt - 1) * (size.versions + 1) + number + 1


def _index(connection: Connection, dialect: str, size: Size) -> None:
    sqlite = text("INSERT INTO search_words (rowid, words) VALUES (:id, :words)")
    postgresql = text(
        "INSERT INTO search_words (document_id, words) VALUES (:id, array_to_tsvector(string_to_array(:words, ' ')))"
    )
    rows = _indexed(size)
    while chunk := list(islice(rows, CHUNK)):
        connection.execute(sqlite if dialect == "sqlite" else postgresql, chunk)


def _indexed(size: Size) -> Iterator[dict[str, Any]]:
    common = search.words(WORDS)
    for prompt in range(1, size.prompts + 1):
        for number in range(size.versions + 1):
            words = search.words(_mark(prompt, number)) + common if number else search.words(name(prompt))
            yield {"id": _document(size, prompt, number), "words": " ".join(words)}


def _raise(connection: Connection, environment: int, revision: int) -> None:
    of = schema.environment
    mine = (of.c.project_id == PROJECT) & (of.c.environment_id == environment)
    connection.execute(update(of).where(mine).values(revision=revision, updated_at=NOW))


class Step(NamedTuple):
    """One revision of an environment: which prompts, by which release if any."""

    environment: int
    revision: int
    prompts: Sequence[int]
    release_id: int | None = None


def _changes(size: Size, step: Step) -> Iterator[dict[str, Any]]:
    same = {"project_id": PROJECT, "environment_id": step.environment, "revision": step.revision, "before": None}
    how = {"cause": "promote" if step.release_id else "save", "actor": "bench", "at": NOW, "release_id": step.release_id}
    for prompt in step.prompts:
        yield {**same, **how, "prompt_id": prompt, "after": size.versions}


def _track(connection: Connection, size: Size) -> None:
    _raise(connection, DEVELOPMENT, 1)
    _write(connection, schema.pointer_change, _changes(size, Step(DEVELOPMENT, 1, range(1, size.prompts + 1))))


def _release_all(connection: Connection, size: Size) -> None:
    """Everything to every pinned environment, ``RELEASED`` prompts at a time."""
    release_id = 0
    for environment in PINNED:
        for revision, first in enumerate(range(1, size.prompts + 1, RELEASED), 1):
            release_id += 1
            prompts = range(first, min(first + RELEASED, size.prompts + 1))
            _release(connection, size, Step(environment, revision, prompts, release_id))


def _release(connection: Connection, size: Size, step: Step) -> None:
    _raise(connection, step.environment, step.revision)
    about = {"kind": "promote", "state": "proposed", "reason": "bench", "author": "bench", "notes": "[]"}
    decision = json.dumps({"allowed": True, "policy_revision": 1, "rules": []})
    times = {"created_at": NOW, "applied_at": NOW, "epoch": 1, "revision": step.revision, "decision": decision}
    key = {"project_id": PROJECT, "release_id": step.release_id}
    connection.execute(insert(schema.release), [{**key, "environment_id": step.environment, **about, **times}])
    items = ({**key, "ordinal": p, "prompt_id": p, "number": size.versions, "replaces": None} for p in step.prompts)
    _write(connection, schema.release_item, items)
    of = schema.release
    applied = (of.c.project_id == PROJECT) & (of.c.release_id == step.release_id)
    connection.execute(update(of).where(applied).values(state="applied"))
    _write(connection, schema.pointer_change, _changes(size, step))
    place = {**key, "environment_id": step.environment, "revision": step.revision}
    _write(connection, schema.pointer, ({**place, "prompt_id": p, "number": size.versions} for p in step.prompts))
