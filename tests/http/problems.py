"""The one form of every refusal."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import httpx2

INSIDE = ("Traceback", "SELECT", "sqlalchemy", "psycopg", "sqlite3")
MEMBERS = {"type", "title", "status", "detail", "code", "hint"}


def problem(answer: httpx2.Response) -> dict[str, Any]:
    """The problem document of an answer, after a look at its form."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text[:500]
    body: dict[str, Any] = answer.json()
    assert set(body) >= MEMBERS
    assert body["status"] == answer.status_code
    assert body["type"] == f"urn:cuebook:error:{body['code']}"
    assert answer.headers["cache-control"] == "no-store"
    # A refusal may repeat what was asked, and Hypothesis takes words of this very file for its examples.
    asked = unquote(str(answer.request.url)) + answer.request.read().decode(errors="replace")
    assert not [word for word in INSIDE if word in answer.text and word not in asked]
    return body


def code(answer: httpx2.Response) -> str:
    """Status and code of a refusal: `404 not_found`."""
    body = problem(answer)
    return f"{body['status']} {body['code']}"
