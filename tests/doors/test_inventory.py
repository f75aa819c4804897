"""No door that nobody knows: the running application, the command tree and the Makefile against the inventory."""

from __future__ import annotations

import ast
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from fastapi.routing import APIRoute

import cuebook
from cuebook._transport import Answer, Request, Transport
from cuebook.cli.app import app, run
from cuebook_server.delivery import app as delivery
from cuebook_server.http import permissions
from cuebook_server.http.app import NOUNS
from cuebook_server.http.operations import router as operations
from cuebook_server.ui.signing import OIDC
from tests.doors.commands import COMMANDS, OTHERWISE, Typed
from tests.doors.inventory import CALLS, DELIVERY, MAKE, OFFLINE, OPERATOR, PAGES
from tests.doors.world import World

_SERVERS = re.compile(r"(cuebook_server|sqlalchemy)[\w.]*")
CLASSES = {"moves", "weakens", "mints", "reads", "people"}
# What the route asks for must fit what could come of it: a call that moves is not open to whoever may read.
RIGHTS = {
    "moves": {"prompts.write", "releases.propose", "releases.approve", "releases.apply", "versions.recall"},
    "weakens": {"environments.write", "releases.apply"},
    "mints": {"keys.write", "tokens.write", "members.write"},
}


def classes(said: str) -> set[str]:
    return set(said.split()) if set(said.split()) <= CLASSES else set()


# --- the running application -------------------------------------------------------------------------------------------
def test_every_call_is_classified() -> None:
    routes = [(f"/api{r.path}", r) for noun in NOUNS for r in noun.router.routes if isinstance(r, APIRoute)]
    routes += [(r.path, r) for r in operations.routes if isinstance(r, APIRoute)]
    found = {f"{method} {path}" for path, route in routes for method in route.methods or ()}
    assert found | {"GET /api/openapi.json"} == set(CALLS)


def test_the_application_has_no_other_route(solo: World) -> None:
    """A router that is included twice, or mounted beside the nouns, would stand in no table."""
    documented = solo.client.get("/api/openapi.json").json()["paths"]
    found = {f"{method.upper()} {path}" for path, calls in documented.items() for method in calls}
    assert found == set(CALLS) - {"GET /api/openapi.json"}


def test_every_page_is_classified(solo: World) -> None:
    found = {f"{method} {path}" for method, path in solo.app.pages._routes}
    assert found | {f"POST {OIDC}", f"GET {OIDC}"} == set(PAGES)


def test_every_delivery_path_is_classified(solo: World) -> None:
    """Whatever else lies under /v1 is no path for anybody."""
    known = (
        delivery.PROMPTS + b"{name}",
        delivery.PROMPTS + b"{name}" + delivery.RENDER,
        delivery.LIST,
        delivery.SNAPSHOT,
        delivery.EVENTS,
        delivery.KEYSET,
        delivery.REPORT,
    )
    assert {path.decode() for path in known} == {door.partition(" ")[2] for door in DELIVERY}
    constants = {v for v in vars(delivery).values() if isinstance(v, bytes) and v.startswith((b"/", b"/v1"))}
    assert constants == {*known[2:], delivery.PROMPTS, delivery.RENDER}
    for path in ("/v1", "/v1/events/production", "/v1/projects", "/v1/generations", "/v1/admin", "/v1/prompts/a/versions"):
        assert solo.client.get(path, headers={"Authorization": f"Bearer {solo.keys['prd']}"}).status_code in (400, 404), path


@pytest.mark.parametrize("call", CALLS)
def test_what_could_come_of_a_call_fits_what_it_asks_for(call: str) -> None:
    found = classes(CALLS[call])
    method, _, path = call.partition(" ")
    assert found or len(CALLS[call].split()) > 3, "a reason is a sentence"
    assert found != {"reads"} or method == "GET" or path.endswith(("/render", "/check", "/compare"))
    if path.startswith("/api/projects/") and not found & {"reads"}:
        needs = permissions.TABLE[f"{method} {path.removeprefix('/api')}"].any_of
        for kind in found & set(RIGHTS):
            assert needs & RIGHTS[kind], call
        assert found == set() or "read" not in needs


# --- the commands ------------------------------------------------------------------------------------------------------
def commands(command: Any, *above: str) -> Iterator[str]:
    if inner := getattr(command, "commands", None):
        for name, below in inner.items():
            yield from commands(below, *above, name)
    else:
        yield " ".join(above)


def test_every_command_is_known() -> None:
    assert set(commands(typer.main.get_command(app))) == {*COMMANDS, *OPERATOR, *OFFLINE}


def test_only_the_operators_commands_reach_beside_the_api() -> None:
    """By name and on demand: an import of the server anywhere else in the client would be a door without a credential."""
    reaching = {}
    for file in Path(cuebook.__file__).parent.rglob("*.py"):
        words = [n.value for n in ast.walk(ast.parse(file.read_text())) if isinstance(n, ast.Constant)]
        reaching[file.name] = sorted(w for w in words if isinstance(w, str) and _SERVERS.fullmatch(w))
    assert {name: words for name, words in reaching.items() if words} == {
        "backups.py": ["cuebook_server.cli.backups"],
        "beside.py": ["sqlalchemy"],
        "people.py": ["cuebook_server.cli.people"],
        "serve.py": ["cuebook_server.cli"],
    }


def test_only_known_targets_touch_data() -> None:
    text = (Path(__file__).parents[2] / "Makefile").read_text()
    touching = re.findall(r"^([a-z-]+):.*\n(?:\t.*\n)*?\t.*(?:DATA|cuebook |\bdata\b|rm -rf)", text, re.MULTILINE)
    assert set(touching) == set(MAKE)


@pytest.mark.parametrize("name", [*COMMANDS, *OTHERWISE])
def test_a_command_makes_these_calls_and_no_other(
    solo: World, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    typed, made = {**COMMANDS, **OTHERWISE}[name], []

    def send(_: Transport, request: Request) -> Answer:
        made.append(f"{request.method} {request.path}")
        token = solo.keys["prd"] if request.path.startswith("/v1/") else _token(solo)
        who = {"Authorization": f"Bearer {token}", **request.headers}
        body = {"Content-Type": "application/json"} if request.body is not None else {}
        answer = solo.client.request(
            request.method, request.path, params=dict(request.params), content=request.body, headers=who | body
        )
        return Answer(answer.status_code, dict(answer.headers), answer.content)

    for variable, value in _settings(solo, tmp_path).items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setattr(Transport, "send", send)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed.stdin.encode())))
    code = run(_words(typed, solo, tmp_path))
    assert {_route(call) for call in made} == set(typed.calls), capfd.readouterr().err
    assert code not in {1, 2, 8} - {typed.code}, capfd.readouterr().err


def _settings(world: World, folder: Path) -> dict[str, str]:
    (folder / "in").mkdir()
    (folder / "in" / "new.prompt.md").write_text("A new one.\n")
    return {
        "CUEBOOK_URL": "http://127.0.0.1",
        "CUEBOOK_TOKEN": _token(world),
        "CUEBOOK_KEY": world.keys["prd"],
        "CUEBOOK_PROJECT": "desk",
        "XDG_CONFIG_HOME": str(folder),
    }


def _token(world: World) -> str:
    return world.by("chief's session").headers["Authorization"].partition(" ")[2]


def _words(typed: Typed, world: World, folder: Path) -> list[str]:
    filled = {"{proposal}": str(world.proposal), "{folder}": str(folder), "{key}": world.keys["prd"].split("_")[2]}
    line = typed.line
    for mark, value in filled.items():
        line = line.replace(mark, value)
    return [word.replace("in_2h", "in 2h") for word in line.split()]


def _route(call: str) -> str:
    """The route behind a call, by its most literal name."""
    method, _, path = call.partition(" ")
    fitting = [known for known in (*CALLS, *DELIVERY) if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", known), f"{method} {path}")]
    return min(fitting, key=lambda known: known.count("{"), default=call)
