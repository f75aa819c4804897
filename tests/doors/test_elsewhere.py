"""A thinner slice of the same, on PostgreSQL, and on a real server by the real command."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.doors.moves import MOVES, release
from tests.doors.oracle import verdict
from tests.doors.world import open_postgres_world
from tests.support import web
from tests.support.server import Server, cuebook

TRIED = ("promote", "roll", "break", "apply")


@pytest.mark.postgres
def test_the_same_on_postgresql(postgres_url: str, tmp_path: Path) -> None:
    with open_postgres_world("team", postgres_url, tmp_path) as world:
        before, served = world.state(), world.served()
        for who in (who for who in world.credentials if who.mighty):
            for move in (
                move for move in MOVES if not move.right and move.name.startswith(("promote", "roll", "break", "apply"))
            ):
                world.knock(who, move.method, move.path(world), move.sent(world))
        assert (world.state().production, world.served()) == (before.production, served)
        first = world.hire("first", "reviewer")
        for who in (world.by("service releaser of desk"), world.by("releaser's session")):
            assert world.knock(who, "POST", f"releases/{world.proposal}/apply").json()["code"] == "policy_refused"
        world.approve(world.proposal, first)
        for name, rights in (("viewer's session", False), ("key of prd", False), ("releaser's session", True)):
            before = world.state()
            answer = world.knock(world.by(name), "POST", f"releases/{world.proposal}/apply")
            assert (answer.status_code == 200, world.state().production != before.production) == (rights, rights)
        assert verdict(world, before, world.by("releaser's session").rights) == ""
        before = world.state()
        rolled = world.knock(world.by("on-call's token"), "POST", "releases", release("rollback", "a"))
        assert (rolled.status_code, verdict(world, before, world.by("on-call's token").rights)) == (201, "")
        assert world.served() != served  # the same text at another moment
        assert _texts(world.served()) == _texts(served)


@pytest.mark.slow
def test_the_same_by_the_real_command(start_server: Callable[..., Server]) -> None:
    """Under `team`, the first start's token (an admin of everything) ships nothing alone; a rollback it does."""
    server = start_server()
    served = _snapshot(server)

    def typed(*words: str) -> int:
        done = subprocess.run([cuebook(), *words], env=server.environment(), capture_output=True, timeout=60, check=False)
        assert b"Traceback" not in done.stderr
        return done.returncode

    assert typed("env", "preset", "production", "team") == 0
    assert typed("promote", "support.triage", "--to", "production", "-m", "r") == 6
    assert typed("propose", "support.triage", "--to", "production", "-m", "r") == 0
    number = str(web.get(f"{server.url}/api/projects/default/releases", headers=_bearer(server.token)).json()["items"][0]["id"])
    assert typed("approve", number, "-m", "fine") == 4
    assert typed("apply", number) == 6
    assert typed("promote", "support.triage", "--to", "production", "--emergency", "-m", "r") == 4
    assert typed("env", "preset", "production", "solo") == 6
    assert typed("env", "set", "production", "comes_from=null") == 6
    assert typed("retire", "support.tone", "--in", "production", "-m", "r") == 6
    assert _snapshot(server) == served


def _snapshot(server: Server) -> bytes:
    return web.get(f"{server.url}/v1/snapshot", headers=_bearer(server.keys["production"])).content


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _texts(snapshot: bytes) -> dict[str, str]:
    return {prompt["name"]: prompt["text"] for prompt in json.loads(snapshot)["prompts"]}
