"""Every request that moves a pointer of production, could, or was once thought to. Data, for ``test_moves``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.doors.world import World

Body = Callable[[World], Any]
PRESETS = ("solo", "team", "regulated")


@dataclass(frozen=True)
class Move:
    """A request on the world of ``world``. ``right``: what moves production with it, under these ``presets``; "": nothing."""

    name: str
    call: str
    body: Any = None
    right: str = ""
    presets: tuple[str, ...] = PRESETS
    project_wide: bool = False

    def path(self, world: World) -> str:
        return self.call.partition(" ")[2].replace("{proposal}", str(world.proposal))

    @property
    def method(self) -> str:
        return self.call.partition(" ")[0]

    def sent(self, world: World) -> Any:
        return self.body(world) if callable(self.body) else self.body


def release(kind: str, *items: str, **more: Any) -> dict[str, Any]:
    wanted = [{"prompt": name} | ({"version": int(number)} if number else {}) for name, _, number in map(_split, items)]
    return {"environment": "production", "kind": kind, "items": wanted, "reason": "because", **more}


def _split(item: str) -> tuple[str, str, str]:
    return item.partition("@")


def _long_ago(world: World) -> Any:
    """Production as it was when version 1 of `a` was all it served."""
    return release("rollback", time=(world.began + timedelta(seconds=90)).isoformat())


def _soon(_: World) -> Any:
    return {"at": f"{datetime.now(UTC) + timedelta(hours=1):%Y-%m-%dT%H:%MZ}"}


def _imported(_: World) -> Any:
    about = {"name": "a", "content": {"kind": "text", "text": "in by import"}, "import_key": "k"}
    return {"items": [about, {**about, "name": "new", "import_key": "n"}]}


R, A = "POST releases", "releases.apply"
SOLO = ("solo",)
MOVES = (
    # a release at once
    Move("promote", R, release("promote", "a@3"), A, SOLO),
    Move("promote what the source serves", R, release("promote", "a"), A, SOLO),
    Move("promote what never ran in staging", R, release("promote", "a@4")),
    Move("promote what was never released anywhere", R, release("promote", "c@1")),
    Move("promote without a reason", R, release("promote", "a@3", reason=" ")),
    Move("promote a prompt twice", R, release("promote", "a@3", "a@1")),
    Move("promote over what is not live", R, {**release("promote"), "items": [{"prompt": "a", "version": 3, "replaces": 1}]}),
    Move("retire", R, release("retire", "b"), A, SOLO),
    Move("promote the shorter, meaning it", R, release("promote", "a@3", shrink_meant=True), A, SOLO),
    Move("dry run", R, release("promote", "a@3", dry_run=True)),
    Move("dry run of an emergency", R, release("promote", "a@4", dry_run=True, emergency=True)),
    # backwards
    Move("roll back", R, release("rollback", "a"), "releases.rollback"),
    Move("roll back to a number", R, release("rollback", "a@1"), "releases.rollback"),
    Move("roll back to what was never live", R, release("rollback", "a@3")),
    Move("roll back without a reason", R, release("rollback", "a", reason="")),
    Move("roll back to a moment", R, _long_ago, "releases.rollback"),
    Move("retire by a rollback", R, {**release("rollback"), "items": [{"prompt": "b", "version": None}]}),
    # emergencies
    Move("break the glass", R, release("promote", "a@4", emergency=True), "releases.break_glass"),
    Move("break the glass to retire", R, release("retire", "b", emergency=True), "releases.break_glass"),
    Move("break the glass, proposing", R, release("promote", "a@4", emergency=True, propose=True)),
    Move("break the glass without a reason", R, release("promote", "a@4", emergency=True, reason=" ")),
    Move("break the glass of the rules", R, release("policy", emergency=True, preset="solo")),
    Move("recall", "POST prompts/a/versions/2/recall", {"reason": "r"}, "versions.recall", project_wide=True),
    Move("recall what is not live", "POST prompts/a/versions/1/recall", {"reason": "r"}),
    # asked for, and not yet approved by anybody
    Move("propose", R, release("promote", "a@3", propose=True)),
    Move("apply what nobody approved", "POST releases/{proposal}/apply", None, A, SOLO),
    Move("approve", "POST releases/{proposal}/approve", {"meaning": "fine"}),
    Move("decline", "POST releases/{proposal}/decline", {"reason": "no"}),
    Move("withdraw", "POST releases/{proposal}/withdraw", {}),
    Move("rebase", "POST releases/{proposal}/rebase"),
    Move("schedule", "POST releases/{proposal}/schedule", _soon),
    Move("schedule what has passed", "POST releases/{proposal}/schedule", {"at": "2020-01-01T09:00:00Z"}),
    Move("unschedule", "DELETE releases/{proposal}/schedule"),
    Move("revise", "POST releases/{proposal}/rebase", {"items": [{"prompt": "a", "version": 4}]}),
    Move("comment", "POST releases/{proposal}/comments", {"text": "t"}),
    Move("close a review that is none", "POST releases/{proposal}/review", {"text": "t"}),
    Move("apply what was applied", "POST releases/1/apply"),
    Move("apply what does not exist", "POST releases/99/apply"),
    # around the pointers
    Move("save", "POST prompts/a/versions", {"content": {"kind": "text", "text": "in by a save"}}),
    Move("save the same", "POST prompts/a/versions", {"content": {"kind": "text", "text": "warm"}}),
    Move("import", "POST imports", _imported),
    Move("describe", "PATCH prompts/a", {"owner": "me", "tags": ["t"], "description": "d"}),
    Move("take another's name", "PATCH prompts/c", {"aliases": ["a"]}),
    Move("report a gate", "POST gates/suite/results", {"digest": "sha256:" + "0" * 64, "suite_revision": "1", "passed": True}),
    Move("make an environment", "POST environments", {"name": "canary", "tracks_latest": True, "kind": "prd"}),
    Move("make it again", "POST environments", {"name": "production", "tracks_latest": True}),
    Move("move it in the order", "PATCH environments/production", {"position": 0}),
    Move("make it track latest", "PATCH environments/production", {"tracks_latest": True}),
    Move("loosen its rules", "PATCH environments/production", {"policy": {"comes_from": None, "latest_allowed": True}}),
    Move("make it solo", "POST environments/production/preset", {"preset": "solo"}),
    Move("rename it", "PATCH environments/production", {"name": "other"}),
    Move("delete it", "DELETE environments/production"),
    Move("delete a prompt", "DELETE prompts/a"),
    Move("set a pointer", "PUT environments/production/pointers/a", {"version": 4}),
)
