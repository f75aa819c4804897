"""The one form of every refusal."""

from __future__ import annotations

from typing import Any

import httpx2

MEMBERS = {"type", "title", "status", "detail", "code", "hint"}


def problem(answer: httpx2.Response) -> dict[str, Any]:
    """The problem document of an answer, after a look at its form."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text[:500]
    body: dict[str, Any] = answer.json()
    assert set(body) >= MEMBERS
    assert body["status"] == answer.status_code
    assert body["type"] == f"urn:cuebook:error:{body['code']}"
    assert answer.headers["cache-control"] == "no-store"
    assert all(word not in answer.text for word in ("Traceback", "SELECT", "sqlalchemy", "psycopg", "sqlite3"))
    return body


def code(answer: httpx2.Response) -> str:
    """Status and code of a refusal: `404 not_found`."""
    body = problem(answer)
    return f"{body['status']} {body['code']}"
