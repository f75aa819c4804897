"""What browsers report: both forms are counted, little is logged, and nothing that could be a secret."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx2
import pytest
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from cuebook_server.ui.violations import BODY_BYTES_MAX, LOGGED_A_MINUTE, PATH, Violations
from tests.support import web
from tests.support.server import Server

OLD = {"csp-report": {"document-uri": "https://c.example/p/x?token=abc", "effective-directive": "img-src", "line-number": 3}}
NEW = [
    {"type": "csp-violation", "body": {"blockedURL": "https://foreign.example/a?abc", "effectiveDirective": "script-src-elem"}}
]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def send(violations: Violations, body: bytes) -> int:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await (await violations.take(Request(scope, receive)))(scope, receive, send)

    async def ask() -> int:
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://c.example") as client:
            return (await client.post(PATH, content=body)).status_code

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("said", "shown"),
    [(OLD, ["img-src", "https://c.example/p/x", "3"]), (NEW, ["script-src-elem", "https://foreign.example/a"])],
)
def test_both_forms_are_counted_and_logged(said: Any, shown: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    violations = Violations()
    assert send(violations, json.dumps(said).encode()) == 204
    logged = "".join(capsys.readouterr())
    assert violations.count == 1
    assert all(word in logged for word in shown)
    assert "abc" not in logged


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"3", b'{"csp-report": 3}', b"[" * 9_000])
def test_nonsense_is_nothing(body: bytes) -> None:
    violations = Violations()
    assert (send(violations, body), violations.count) == (204, 0)


def test_words_of_another_form_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    said = {
        "csp-report": {
            "effective-directive": "evil\nline",
            "source-file": "http://[",
            "document-uri": {"a": 1},
            "blocked-uri": "<b>",
        }
    }
    send(Violations(), json.dumps(said).encode())
    logged = "".join(capsys.readouterr())
    assert "evil" not in logged
    assert "<b>" not in logged


def test_a_flood_is_counted_and_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    violations, body = Violations(clock), json.dumps(OLD).encode()
    for _ in range(3 * LOGGED_A_MINUTE):
        send(violations, body)
    assert "".join(capsys.readouterr()).count("kept a page") == LOGGED_A_MINUTE
    clock.now = 60
    send(violations, body)
    assert "".join(capsys.readouterr()).count("kept a page") == 1
    assert violations.count == 3 * LOGGED_A_MINUTE + 1


def test_a_large_report_is_not_read() -> None:
    assert send(Violations(), b" " * (BODY_BYTES_MAX + 1)) == 413


def test_the_pages_say_where_and_the_metrics_how_many(server: Server) -> None:
    page = web.get(f"{server.url}/sign-in")
    assert f"report-uri {PATH}" in page.headers["content-security-policy"]
    assert page.headers["reporting-endpoints"] == f'csp="{PATH}"'
    assert web.post(server.url + PATH, json=OLD, headers={"Origin": "null"}).status_code == 204
    assert "cuebook_csp_reports_total 1" in web.get(f"{server.url}/metrics").text
