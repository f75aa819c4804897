"""Who may make which call, as data: a line for every route of the management API. A new route fails until it has one.

The columns: the project's owner (admin), an author, who is on call, an admin of another project, the operator (admin of the
whole instance, a service token), nobody. `+`: let in, whatever the call then says of its own; else the status that refuses.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.factories import text
from tests.support.passwords import PASSWORD

WHO = ("owner", "author", "on-call", "stranger", "operator", "nobody")
P = "/api/projects/{project}"
# A rule of its own for each kind of call; the rest are written out below.
LOOK = "+ + + 404 + 401"  # whoever is in the project
WRITE = "+ + 403 404 + 401"  # authors and above
ADMIN = "+ 403 403 404 + 401"  # admins of the project
SELF = "+ + + + + 401"  # whoever is known, about themselves
PERSON = "+ + + + 403 401"  # the same, but a service token is nobody
INSTANCE = "403 403 403 403 + 401"  # admins of the whole instance
RELEASE = {"environment": "staging", "items": [{"prompt": "a"}], "reason": "r"}
WHY = {"reason": "r"}
SAID = {"text": "t"}


@dataclass(frozen=True)
class Line:
    """A call with a body it takes, and who is let in."""

    call: str
    who: str
    body: Any = field(default=None)

    @property
    def method(self) -> str:
        return self.call.split(" ")[0]

    @property
    def path(self) -> str:
        return self.call.split(" ")[1]

    @property
    def route(self) -> str:
        return self.call.partition("?")[0]


MATRIX = [
    Line("POST /api/sessions", "401 401 401 401 401 429", {"login": "x@example.org", "password": "wrong"}),
    Line("POST /api/invitations/accept", "401 401 401 401 401 401", {"secret": "x", "name": "n", "password": PASSWORD}),
    Line("GET /api/sessions", SELF),
    Line("DELETE /api/sessions/none", "404 404 404 404 404 401"),
    Line("POST /api/sessions/confirm", "401 401 401 401 401 401", {"password": "wrong"}),
    Line("POST /api/sessions/revoke-all", INSTANCE, {"login": "bystander"}),
    Line("GET /api/me", SELF),
    Line("POST /api/me/password", "401 401 401 401 403 401", {"old": "wrong", "new": PASSWORD}),
    Line("GET /api/me/tokens", PERSON),
    Line("POST /api/me/tokens", PERSON, {"name": "t"}),
    Line("POST /api/me/tokens/none/revoke", "404 404 404 404 403 401"),
    Line(
        "POST /api/invitations",
        ADMIN,
        {"login": "new@example.org", "grants": [{"role": "viewer", "project": "desk"}]},
    ),
    Line("GET /api/invitations", SELF),
    Line("DELETE /api/invitations/none", "404 404 404 404 404 401"),
    Line("GET /api/people", INSTANCE),
    Line("POST /api/people/bystander/disable", INSTANCE),
    Line("POST /api/people/bystander/enable", INSTANCE),
    Line("POST /api/people/bystander/roles", INSTANCE, {"role": "viewer"}),
    Line("DELETE /api/people/bystander/roles?role=viewer", "403 403 403 403 404 401"),
    Line("GET /api/tokens", INSTANCE),
    Line("POST /api/tokens/none/revoke", "403 403 403 403 404 401"),
    Line(f"GET {P}/members", LOOK),
    Line(f"POST {P}/members", ADMIN, {"login": "bystander", "role": "author"}),
    Line(f"DELETE {P}/members?login=bystander&role=viewer", "+ 403 403 404 404 401"),
    Line("GET /api/projects", SELF),
    Line("POST /api/projects", INSTANCE, {"name": "new"}),
    Line(f"GET {P}/prompts", LOOK),
    Line(f"GET {P}/prompts/a", LOOK),
    Line(f"PATCH {P}/prompts/a", WRITE, {"owner": "me"}),
    Line(f"GET {P}/prompts/a/versions", LOOK),
    Line(f"POST {P}/prompts/a/versions", WRITE, {"content": text("new")}),
    Line(f"GET {P}/prompts/a/versions/1", LOOK),
    Line(f"GET {P}/prompts/a/diff?from=1&to=1", LOOK),
    Line(f"GET {P}/prompts/a/dependents", LOOK),
    Line(f"GET {P}/prompts/a/fetches", LOOK),
    Line(f"GET {P}/prompts/a/stays", LOOK),
    Line(f"POST {P}/prompts/a/render", LOOK, {"version": 1, "variables": {}}),
    Line(f"POST {P}/prompts/a/check", LOOK, {"content": text("new")}),
    Line(f"POST {P}/prompts/a/compare", LOOK, {"content": text("new"), "against": 1}),
    Line(f"GET {P}/search?q=x", LOOK),
    Line(f"POST {P}/imports", WRITE, {"items": [{"name": "b", "content": text("x")}]}),
    Line(f"GET {P}/environments", LOOK),
    Line(f"POST {P}/environments", ADMIN, {"name": "canary"}),
    Line(f"GET {P}/environments/staging", LOOK),
    Line(f"PATCH {P}/environments/staging", ADMIN, {"position": 5}),
    Line(f"GET {P}/environments/staging/at?time=2026-11-20T15:00:00Z", LOOK),
    Line(f"GET {P}/environments/staging/history", LOOK),
    Line(f"GET {P}/environments/staging/orphans", LOOK),
    Line(f"GET {P}/environments/staging/fleet", LOOK),
    Line(f"GET {P}/status", LOOK),
    Line(f"GET {P}/releases", LOOK),
    Line(f"POST {P}/releases", ADMIN, RELEASE),
    Line(f"GET {P}/releases/1", LOOK),
    Line(f"GET {P}/releases/1/diff", LOOK),
    Line(f"GET {P}/releases/1/rollout", LOOK),
    Line(f"POST {P}/releases/1/approve", ADMIN, {"meaning": "reviewed"}),
    Line(f"POST {P}/releases/1/apply", ADMIN),
    Line(f"POST {P}/releases/1/schedule", ADMIN, {"at": "2026-11-24T09:00[Europe/Paris]"}),
    Line(f"DELETE {P}/releases/1/schedule", ADMIN),
    Line(f"GET {P}/schedule", LOOK),
    Line(f"POST {P}/releases/1/decline", ADMIN, WHY),
    Line(f"POST {P}/releases/1/withdraw", WRITE, WHY),
    Line(f"POST {P}/releases/1/comments", LOOK, SAID),
    Line(f"POST {P}/releases/1/rebase", WRITE),
    Line(f"GET {P}/releases/1/evidence", LOOK),
    Line(f"GET {P}/access", LOOK),
    Line(f"GET {P}/lately", LOOK),
    Line(f"GET {P}/waiting", LOOK),
    Line(f"GET {P}/reviews", LOOK),
    Line(f"POST {P}/prompts/a/versions/1/recall", ADMIN, WHY),
    Line(f"GET {P}/recalls", LOOK),
    Line(f"GET {P}/drift?from=development&to=staging", LOOK),
    Line(f"POST {P}/environments/staging/preset", ADMIN, {"preset": "team"}),
    Line(
        f"POST {P}/gates/suite/results",
        ADMIN,
        {"digest": "sha256:" + "0" * 64, "suite_revision": "1", "passed": True, "score": 1.0},
    ),
    Line(f"POST {P}/releases/1/review", "404 403 403 404 404 401", SAID),
    Line(f"GET {P}/keys", LOOK),
    Line(f"POST {P}/keys", ADMIN, {"environment": "staging", "name": "k"}),
    Line(f"POST {P}/keys/none/rotate", "404 403 403 404 404 401", {"overlap_s": 0}),
    Line(f"POST {P}/keys/none/revoke", "404 403 403 404 404 401"),
    Line(f"GET {P}/tokens", ADMIN),
    Line(f"POST {P}/tokens", ADMIN, {"name": "t", "role": "viewer"}),
    Line(f"POST {P}/tokens/none/revoke", "404 403 403 404 404 401"),
    Line("GET /api/me/notices", SELF),
    Line("POST /api/me/notices/read", SELF, {"up_to": 1}),
    Line(f"GET {P}/webhooks", ADMIN),
    Line(f"POST {P}/webhooks", ADMIN, {"url": "http://127.0.0.1:1/"}),
    Line(f"GET {P}/webhooks/none", "404 403 403 404 404 401"),
    Line(f"DELETE {P}/webhooks/none", "404 403 403 404 404 401"),
    Line(f"POST {P}/webhooks/none/rotate", "404 403 403 404 404 401", {}),
    Line(f"POST {P}/webhooks/none/disable", "404 403 403 404 404 401"),
    Line(f"POST {P}/webhooks/none/enable", "404 403 403 404 404 401"),
    Line(f"POST {P}/webhooks/none/test", "404 403 403 404 404 401"),
    Line(f"POST {P}/webhooks/none/replay", "404 403 403 404 404 401", {"seq": 1}),
    Line(f"GET {P}/webhooks/none/deliveries", "404 403 403 404 404 401"),
    Line(f"GET {P}/audit", LOOK),
    Line(f"GET {P}/audit/export", LOOK),
    Line(f"GET {P}/audit/checkpoint", LOOK),
]
