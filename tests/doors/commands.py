"""Every command with a line that works on the world of ``world``, and the calls it makes, neither fewer nor more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.doors.inventory import HOOK, HOOKS, NAMED, PLACE, RELEASE, P


@dataclass(frozen=True)
class Typed:
    """What is typed after ``cuebook``, and which calls it makes. ``{proposal}``, ``{key}`` and ``{folder}`` are filled in.

    ``code``: how it ends, where that is a finding and no failure.
    """

    line: str
    calls: tuple[str, ...]
    stdin: str = ""
    code: int = 0


RELEASES, ONE = f"POST {P}/releases", f"GET {RELEASE}"
SEEN = (ONE, f"GET {RELEASE}/diff")
COMMANDS: Mapping[str, Typed] = {
    "apply": Typed("apply {proposal}", (f"POST {RELEASE}/apply",)),
    "approve": Typed("approve {proposal} -m fine", (f"POST {RELEASE}/approve", ONE, "GET /api/me")),
    "at": Typed("at production now", (f"GET {PLACE}/at",)),
    "audit checkpoint": Typed("audit checkpoint {folder}/c.json", (f"GET {P}/audit/checkpoint",)),
    "audit export": Typed("audit export {folder}/a.jsonl", (f"GET {P}/audit",)),
    "audit list": Typed("audit list", (f"GET {P}/audit",)),
    "check": Typed("check a {folder}/in/new.prompt.md", (f"POST {NAMED}/check",)),
    "comment": Typed("comment {proposal} -m hm", (f"POST {RELEASE}/comments",)),
    "decline": Typed("decline {proposal} -m no", (f"POST {RELEASE}/decline",)),
    "diff": Typed("diff a 1 2", (f"GET {NAMED}/diff",)),
    "doctor": Typed("doctor", ("GET /v1/snapshot",), code=1),
    "drift": Typed("drift staging production", (f"GET {P}/drift",)),
    "env create": Typed("env create canary", (f"POST {P}/environments",)),
    "env list": Typed("env list", (f"GET {P}/environments",)),
    "env preset": Typed("env preset production team", (f"POST {PLACE}/preset",)),
    "env set": Typed("env set production pins=any", (f"PATCH {PLACE}",)),
    "env show": Typed("env show production", (f"GET {PLACE}",)),
    "evidence": Typed("evidence 1", (f"GET {RELEASE}/evidence",)),
    "export": Typed("export {folder}/out", (f"GET {P}/prompts", f"GET {NAMED}/versions/{{which}}")),
    "fleet": Typed("fleet production", (f"GET {PLACE}/fleet",)),
    "freeze": Typed("freeze -o {folder}/bundle.json", ("GET /v1/snapshot",)),
    "get": Typed("get a", (f"GET {NAMED}/versions/{{which}}",)),
    "import": Typed("import {folder}/in", (f"POST {P}/imports",)),
    "keys create": Typed("keys create production --name k", (f"POST {P}/keys",)),
    "keys list": Typed("keys list", (f"GET {P}/keys",)),
    "keys revoke": Typed("keys revoke {key}", (f"POST {P}/keys/{{selector}}/revoke",)),
    "keys rotate": Typed("keys rotate {key}", (f"POST {P}/keys/{{selector}}/rotate",)),
    "log": Typed("log a", (f"GET {NAMED}/versions", f"GET {NAMED}")),
    "login": Typed("login admin", ("POST /api/sessions",), "wrong"),
    "logout": Typed("logout", ()),
    "members add": Typed("members add viewer --role author", (f"POST {P}/members",)),
    "members list": Typed("members list", (f"GET {P}/members",)),
    "members remove": Typed("members remove viewer --role viewer", (f"DELETE {P}/members",)),
    "notices": Typed("notices", ("GET /api/me/notices",)),
    "orphans": Typed("orphans production", (f"GET {PLACE}/orphans",)),
    "people disable": Typed("people disable viewer", ("POST /api/people/{login}/disable",)),
    "people enable": Typed("people enable viewer", ("POST /api/people/{login}/enable",)),
    "people grant": Typed("people grant viewer --role author", ("POST /api/people/{login}/roles",)),
    "people revoke": Typed("people revoke viewer --role author", ("DELETE /api/people/{login}/roles",)),
    "people invite": Typed("people invite x@example.org", ("POST /api/invitations",)),
    "people invitations": Typed("people invitations", ("GET /api/invitations",)),
    "people withdraw": Typed("people withdraw none", ("DELETE /api/invitations/{invitation}",)),
    "people list": Typed("people list", ("GET /api/people",)),
    "promote": Typed("promote a@3 --to production -m r", (RELEASES,)),
    "propose": Typed("propose a@3 --to production -m r", (RELEASES, ONE)),
    "rebase": Typed("rebase {proposal}", (f"POST {RELEASE}/rebase",)),
    "recall": Typed("recall a@2 -m r", (f"POST {NAMED}/versions/{{number}}/recall",)),
    "release": Typed("release {proposal}", SEEN),
    "render": Typed("render a", (f"POST {NAMED}/render",)),
    "retire": Typed("retire b --in production -m r", (RELEASES,)),
    "reviews close": Typed("reviews close {proposal} -m looked", (f"POST {RELEASE}/review",)),
    "reviews list": Typed("reviews list", (f"GET {P}/reviews",)),
    "revise": Typed("revise {proposal} a@1", (f"POST {RELEASE}/rebase",)),
    "rollback": Typed("rollback --in production a -m r", (RELEASES,)),
    "save": Typed("save a {folder}/in/new.prompt.md", (f"POST {NAMED}/versions",)),
    "schedule": Typed("schedule {proposal} in_2h", (f"POST {RELEASE}/schedule",)),
    "search": Typed("search warm", (f"GET {P}/search",)),
    "status": Typed(
        "status",
        (f"GET {P}/status", f"GET {P}/reviews", f"GET {P}/recalls", f"GET {P}/schedule", "GET /api/me/notices"),
    ),
    "tokens create": Typed("tokens create t --role viewer", (f"POST {P}/tokens",)),
    "tokens list": Typed("tokens list", (f"GET {P}/tokens",)),
    "tokens revoke": Typed("tokens revoke nobody", (f"POST {P}/tokens/{{selector}}/revoke",)),
    "unschedule": Typed("unschedule {proposal}", (f"DELETE {RELEASE}/schedule",)),
    "webhooks add": Typed("webhooks add https://hooks.example.com/", (f"POST {HOOKS}",)),
    "webhooks disable": Typed("webhooks disable none", (f"POST {HOOK}/disable",)),
    "webhooks enable": Typed("webhooks enable none", (f"POST {HOOK}/enable",)),
    "webhooks list": Typed("webhooks list", (f"GET {HOOKS}",)),
    "webhooks log": Typed("webhooks log none", (f"GET {HOOK}/deliveries",)),
    "webhooks remove": Typed("webhooks remove none", (f"DELETE {HOOK}",)),
    "webhooks replay": Typed("webhooks replay none 1", (f"POST {HOOK}/replay",)),
    "webhooks rotate": Typed("webhooks rotate none", (f"POST {HOOK}/rotate",)),
    "webhooks show": Typed("webhooks show none", (f"GET {HOOK}",)),
    "webhooks test": Typed("webhooks test none", (f"POST {HOOK}/test",)),
    "whoami": Typed("whoami", ("GET /api/me",)),
    "withdraw": Typed("withdraw {proposal} -m r", (f"POST {RELEASE}/withdraw",)),
}
# The same commands with options that make other calls.
OTHERWISE: Mapping[str, Typed] = {
    "tokens create --mine": Typed("tokens create t --mine", ("POST /api/me/tokens",)),
    "tokens list --everywhere": Typed("tokens list --everywhere", ("GET /api/tokens",)),
    "tokens revoke --everywhere": Typed("tokens revoke nobody --everywhere", ("POST /api/tokens/{selector}/revoke",)),
    "keys create --relay": Typed("keys create --relay production --name r", (f"POST {P}/keys",)),
    "env preset --propose": Typed("env preset production team --propose -m r", (RELEASES,)),
    "env set --propose": Typed("env set production pins=any --propose -m r", (RELEASES,)),
    "promote --emergency": Typed("promote a@4 --to production --emergency -m r", (RELEASES,)),
    "promote --at": Typed("promote a@3 --to production --at in_2h -m r", (RELEASES,)),
    "promote --dry-run": Typed("promote a@3 --to production --dry-run", (RELEASES,)),
    "rollback --all": Typed("rollback --in production --all --to-time 2020-01-01 -m r", (RELEASES,)),
    "audit export --format": Typed("audit export {folder}/a.csv --format csv", (f"GET {P}/audit",)),
    "people invite --everywhere": Typed("people invite y@example.org --everywhere", ("POST /api/invitations",)),
    "export --version": Typed(
        "export {folder}/prd --version production", (f"GET {P}/prompts", f"GET {NAMED}/versions/{{which}}")
    ),
    "evidence --sample": Typed("evidence --sample 2", (f"GET {P}/releases", f"GET {RELEASE}/evidence")),
}
