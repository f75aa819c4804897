"""Every door there is and what could come of it: the calls of the API, the pages, delivery, the commands, the operator's too.

A door that nobody has classified fails ``test_inventory``. What each class means:

- ``moves``: could change what an environment serves; tried in ``test_moves`` and ``test_proposals``.
- ``weakens``: could loosen an environment's rules; ``test_weakening``.
- ``mints``: makes a right or a credential, or ends one; ``test_minting``.
- ``reads``: shows content or history of a project; ``test_reading`` asks for it from outside.
- ``people``: changes accounts, sessions, passwords.
- anything else is the reason why nothing can come of it.
"""

from __future__ import annotations

from collections.abc import Mapping

P = "/api/projects/{project}"
NAMED, RELEASE, PLACE = P + "/prompts/{name}", P + "/releases/{release_id}", P + "/environments/{environment}"
HOOKS, HOOK = P + "/webhooks", P + "/webhooks/{webhook}"
CALLS: Mapping[str, str] = {
    # what an environment serves
    f"POST {P}/releases": "moves weakens",
    f"POST {RELEASE}/apply": "moves weakens",
    f"POST {RELEASE}/schedule": "moves weakens",
    f"POST {NAMED}/versions/{{number}}/recall": "moves",
    f"POST {NAMED}/versions": "moves",
    f"POST {P}/imports": "moves",
    f"PATCH {NAMED}": "moves",
    f"POST {RELEASE}/approve": "moves",
    f"POST {RELEASE}/rebase": "moves",
    f"POST {P}/gates/{{gate}}/results": "moves",
    f"DELETE {RELEASE}/schedule": "takes a moment back: the release waits for people again",
    f"POST {RELEASE}/decline": "ends a proposal, which moves nothing any more",
    f"POST {RELEASE}/withdraw": "ends a proposal, which moves nothing any more",
    f"POST {RELEASE}/comments": "adds words that no rule reads",
    f"POST {RELEASE}/review": "closes a debt; what it is about has happened already",
    # rules
    f"POST {P}/environments": "weakens",
    f"PATCH {PLACE}": "weakens",
    f"POST {PLACE}/preset": "weakens",
    # rights and credentials
    f"POST {P}/keys": "mints",
    f"POST {P}/keys/{{selector}}/rotate": "mints",
    f"POST {P}/keys/{{selector}}/revoke": "mints",
    f"POST {P}/tokens": "mints",
    f"POST {P}/tokens/{{selector}}/revoke": "mints",
    "POST /api/me/tokens": "mints",
    "POST /api/me/tokens/{selector}/revoke": "mints",
    f"POST {P}/members": "mints people",
    f"DELETE {P}/members": "mints people",
    "POST /api/invitations": "mints people",
    "POST /api/invitations/accept": "mints people",
    "DELETE /api/invitations/{invitation}": "mints people",
    "POST /api/projects": "mints",
    "POST /api/people/{login}/roles": "mints people",
    "DELETE /api/people/{login}/roles": "mints people",
    "POST /api/tokens/{selector}/revoke": "mints",
    # accounts and sessions
    "POST /api/sessions": "people",
    "DELETE /api/sessions/{session}": "people",
    "POST /api/sessions/confirm": "people",
    "POST /api/sessions/revoke-all": "people",
    "POST /api/me/password": "people",
    "POST /api/people/{login}/disable": "people",
    "POST /api/people/{login}/enable": "people",
    # who is told: numbers and names, never a text; the secret signs what is sent and opens nothing
    f"POST {HOOKS}": "sends who did what to an address outside, never a text of a prompt",
    f"DELETE {HOOK}": "ends what is sent to an address outside",
    f"POST {HOOK}/rotate": "makes a secret that signs what is sent, and opens nothing",
    f"POST {HOOK}/disable": "ends what is sent to an address outside",
    f"POST {HOOK}/enable": "sends what was held back, never a text of a prompt",
    f"POST {HOOK}/test": "sends a message without content to an address outside",
    f"POST {HOOK}/replay": "sends again what was sent before",
    "GET /api/me/notices": "shows callers what concerns them, of projects they see",
    "POST /api/me/notices/read": "notes what callers have read themselves",
    # content and history of a project
    **{
        f"GET {path}": "reads"
        for path in (
            f"{P}/prompts",
            NAMED,
            f"{NAMED}/versions",
            f"{NAMED}/versions/{{which}}",
            f"{NAMED}/diff",
            f"{NAMED}/dependents",
            f"{NAMED}/fetches",
            f"{NAMED}/stays",
            f"{P}/search",
            f"{P}/recalls",
            f"{P}/environments",
            PLACE,
            f"{PLACE}/at",
            f"{PLACE}/history",
            f"{PLACE}/orphans",
            f"{PLACE}/fleet",
            f"{P}/drift",
            f"{P}/status",
            f"{P}/lately",
            f"{P}/waiting",
            f"{P}/releases",
            RELEASE,
            f"{RELEASE}/diff",
            f"{RELEASE}/rollout",
            f"{RELEASE}/evidence",
            f"{P}/schedule",
            f"{P}/reviews",
            f"{P}/access",
            f"{P}/keys",
            f"{P}/tokens",
            f"{P}/members",
            HOOKS,
            HOOK,
            f"{HOOK}/deliveries",
            f"{P}/audit",
            f"{P}/audit/export",
            f"{P}/audit/checkpoint",
        )
    },
    f"POST {NAMED}/render": "reads",
    f"POST {NAMED}/check": "reads",
    f"POST {NAMED}/compare": "reads",
    "GET /api/people": "reads",
    "GET /api/tokens": "reads",
    "GET /api/invitations": "lists what the caller could have made, without secrets",
    "GET /api/projects": "lists what the caller sees anyway",
    "GET /api/me": "shows callers who they are",
    "GET /api/me/tokens": "shows callers their own, without secrets",
    "GET /api/sessions": "shows callers their own, without secrets",
    # beside the API
    "GET /api/openapi.json": "describes the calls; the same for everybody",
    "GET /healthz": "says that the process lives",
    "GET /readyz": "says whether the node serves, and how many environments",
    "GET /metrics": "names projects and environments with their revisions, never a prompt; for the operator's network",
}
PAGES: Mapping[str, str] = {
    "GET /": "reads",
    "GET /plain": "reads",
    "GET /sign-in": "a form",
    "GET /set-up": "a form",
    "GET /invitation": "a form",
    "GET /reset": "a form",
    "POST /sign-in": "people",
    "POST /set-up": "people",
    "POST /invitation": "mints people",
    "POST /reset": "people",
    "POST /sign-out": "people",
    "POST /sign-in/oidc": "people",
    "GET /sign-in/oidc": "people",
    "POST /csp-report": "counts what browsers report, and logs a little of it",
}
DELIVERY: Mapping[str, str] = {
    "GET /v1/prompts/{name}": "reads",
    "POST /v1/prompts/{name}/render": "reads",
    "GET /v1/prompts": "reads",
    "GET /v1/snapshot": "reads",
    "GET /v1/events": "reads",
    "GET /v1/relay/keyset": "reads",
    "POST /v1/relay/report": "notes for show what a relay heard of the keys it serves; no rule reads it",
}
# Beside the database: whoever types them has the files already. The audit tells of what they do.
OPERATOR: Mapping[str, str] = {
    "serve": "migrates; fills an empty registry once, with the sample and its first token and keys; the first account's link",
    "backup": "writes a copy of the database file, keys hashed as they are in it",
    "restore": "puts a copy back whole, its audit chain checked, its guards renewed; the audit tells of the new epoch",
    "restored": "begins an epoch, told in the audit",
    "people reset-link": "makes a link to a new password, counted once, for 15 minutes",
}
MAKE: Mapping[str, str] = {"run": "is `cuebook serve`", "clean": "removes what was built; the data stays"}
# Without a server.
OFFLINE: Mapping[str, str] = {
    "audit verify": "reads an exported file",
    "signing certify": "signs with the root's file",
    "signing init-key": "makes a key's file",
    "signing init-root": "makes a key's file",
    "signing public": "reads a key's file",
    "signing show": "reads a file of certificates",
}
