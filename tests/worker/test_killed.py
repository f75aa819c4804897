"""A server that is killed before the moment of a release, and started again, applies it once."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cuebook.admin import AdminClient
from tests.support.server import Server, start_server

SAMPLE = "support.triage"
LEFT_S = 4.0


def admin(server: Server) -> AdminClient:
    return AdminClient(server.url, server.token, server.project)


def test_killed_before_the_moment(tmp_path: Path) -> None:
    server = start_server(tmp_path)
    try:
        with admin(server) as client:
            at = (datetime.now(UTC) + timedelta(seconds=LEFT_S)).isoformat()
            made = client.release("production", [{"prompt": SAMPLE, "version": 2}], reason="at its time", at=at)
    finally:
        server.process.kill()
        server.process.wait()
    again = start_server(tmp_path)
    try:
        with admin(again) as client:
            deadline = time.monotonic() + 30
            while client.get_release(str(made["id"]))["state"] != "applied" and time.monotonic() < deadline:
                time.sleep(0.1)
            found = client.get_release(str(made["id"]))
            entries = list(client.audit(target=f"release {made['id']}", action="release.promote"))
    finally:
        again.stop()
    assert made["state"] == "proposed"
    assert (found["state"], len(entries)) == ("applied", 1)
