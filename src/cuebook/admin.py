"""The management API as Python methods: what the command line, CI and Git synchronisation use.

Every method raises the errors of `cuebook.errors`. Objects come back as the JSON the server sent; lists are walked page
by page while you iterate. Every write carries an idempotency key, so that repeating it after a lost connection has one effect.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from cuebook._calls import Json, given, instant, params, segment
from cuebook._telling import TellingCalls
from cuebook._transport import Request
from cuebook.errors import Invalid

__all__ = ["IMPORT_ITEMS_MAX", "AdminClient", "Json"]

ReleaseKind = Literal["promote", "rollback", "retire", "policy"]
IMPORT_ITEMS_MAX = 100
DIFFS_ITEMS = 50


class AdminClient(TellingCalls):
    """A project of one registry, by a management token (``cue_svc_...``). May be used by several threads."""

    # --- whoever asks, and projects ---------------------------------------------------------------------------------
    def me(self) -> Json:
        """Who the token belongs to: ``principal``, ``person`` (``None`` for a service's), ``grants``, ``projects``."""
        return self._get("/api/me")

    def projects(self) -> list[Json]:
        """The projects the token sees."""
        return self._items("/api/projects")

    def create_project(self, name: str) -> Json:
        """Make a project with its three environments."""
        return self._write("POST", "/api/projects", {"name": name})

    # --- prompts and versions ---------------------------------------------------------------------------------------
    def prompts(self, *, prefix: str | None = None, tag: str | None = None, owner: str | None = None) -> Iterator[Json]:
        """Every prompt with its ``latest`` number and what is ``live`` where, by name."""
        return self._pages(self._path("prompts"), "after", prefix=prefix, tag=tag, owner=owner)

    def prompt(self, name: str) -> Json:
        """One prompt: description, owner, tags, aliases, ``latest``, ``live``."""
        return self._get(self._prompt(name))

    def describe(
        self,
        name: str,
        *,
        description: str | None = None,
        owner: str | None = None,
        tags: Sequence[str] | None = None,
        aliases: Sequence[str] | None = None,
    ) -> Json:
        """Change what is said about a prompt; what is left out stays."""
        said = {"description": description, "owner": owner, "tags": tags, "aliases": aliases}
        return self._write("PATCH", self._prompt(name), given(said))

    def save(
        self,
        name: str,
        content: Mapping[str, Any],
        *,
        message: str = "",
        base: int | None = None,
        provenance: Mapping[str, Any] | None = None,
    ) -> Json:
        """Save a version. ``created`` is false when the newest version already had this content.

        Raises `BaseMoved` (with both sides in ``data``) when ``base`` is no longer the newest number.
        """
        body = given({"content": content, "message": message, "base": base, "provenance": provenance})
        return self._write("POST", self._prompt(name, "versions"), body)

    def check(self, name: str, content: Mapping[str, Any], variables: Mapping[str, Any] | None = None) -> Json:
        """Look at a draft as a save would take it: ``findings``, a preview, ``tokens``, ``cost``. Stores nothing.

        Raises what `save` would raise for this content.
        """
        return self._write("POST", self._prompt(name, "check"), {"content": content, "variables": dict(variables or {})})

    def versions(self, name: str) -> Iterator[Json]:
        """A prompt's versions, newest first, without their content."""
        return self._pages(self._prompt(name, "versions"), "before")

    def version(self, name: str, selector: str | int = "latest") -> Json:
        """One version with its content; ``selector`` is a number, ``latest`` or an environment's name."""
        return self._get(self._prompt(name, "versions", str(selector)))

    def render(self, name: str, variables: Mapping[str, Any], version: str | int = "latest") -> Json:
        """Render a version: ``text`` or ``messages``, ``model``, ``receipt``. Changes nothing."""
        body = {"variables": variables, "version": version}
        return self._write("POST", self._prompt(name, "render"), body)

    def diff(self, name: str, old: str | int, new: str | int) -> Json:
        """What changed between two versions: ``prose`` by words, ``fields``, a ``summary``, what is ``breaking``."""
        return self._get(self._prompt(name, "diff"), {"from": str(old), "to": str(new)})

    def dependents(self, name: str) -> list[Json]:
        """The prompts whose newest version includes this fragment."""
        return self._items(self._prompt(name, "dependents"))

    def search(self, query: str, *, limit: int = 50) -> list[Json]:
        """Prompts whose name, description, tags or any version's text match, best first."""
        return self._items(self._path("search"), {"q": query, "limit": limit})

    def import_items(self, items: Sequence[Mapping[str, Any]]) -> list[Json]:
        """Import up to 100 items in one transaction; each answer's ``status`` is created, unchanged or refused."""
        if len(items) > IMPORT_ITEMS_MAX:
            raise Invalid(f"{len(items)} items at once.", hint=f"At most {IMPORT_ITEMS_MAX}.")
        answers: list[Json] = self._write("POST", self._path("imports"), {"items": list(items)})["items"]
        return answers

    # --- environments and releases ----------------------------------------------------------------------------------
    def environments(self) -> list[Json]:
        """The project's environments in their order."""
        return self._items(self._path("environments"))

    def environment(self, name: str) -> Json:
        """One environment: kind, position, whether it tracks the latest version, policy, revision."""
        return self._get(self._path("environments", name))

    def create_environment(
        self,
        name: str,
        kind: str,
        *,
        position: int | None = None,
        tracks_latest: bool | None = None,
        policy: Mapping[str, Any] | None = None,
    ) -> Json:
        """Add an environment."""
        wanted = {"name": name, "kind": kind, "position": position, "tracks_latest": tracks_latest, "policy": policy}
        return self._write("POST", self._path("environments"), given(wanted))

    def change_environment(self, name: str, *, policy: Mapping[str, Any] | None = None, position: int | None = None) -> Json:
        """Change an environment's policy or its place in the order."""
        return self._write("PATCH", self._path("environments", name), given({"policy": policy, "position": position}))

    def at(self, environment: str, moment: datetime, prompts: Sequence[str] = ()) -> Json:
        """What an environment served at a moment (timezone-aware): all prompts, or the named ones."""
        query = {"time": instant(moment), "prompt": list(prompts) or None}
        return self._get(self._path("environments", environment, "at"), query)

    def history(self, environment: str) -> Iterator[Json]:
        """Every pointer move of an environment, newest first."""
        return self._pages(self._path("environments", environment, "history"), "before")

    def release(
        self,
        environment: str,
        items: Sequence[Mapping[str, Any]],
        *,
        reason: str = "",
        kind: ReleaseKind = "promote",
        dry_run: bool = False,
        **how: Any,
    ) -> Json:
        """Apply a release whole, or nothing of it. An item is ``{"prompt": ..., "version": ..., "replaces": ...}``.

        Without ``version`` a promotion takes what the environment it comes from serves, a rollback what was live before.
        How: ``propose`` (others approve and apply it), ``emergency`` (past the policy; leaves a review open), ``shrink_meant``,
        ``time`` (a rollback of everything, without items), ``at`` (proposed, and applied at that moment), ``policy`` or
        ``preset`` (for the kind ``policy``, without items).
        Raises `Conflict` (code ``already_live``), `PolicyRefused` (``data["decision"]`` says why), `PointerMoved`.
        """
        body: Json = {"environment": environment, "items": list(items), "reason": reason, "kind": kind}
        asked = given({"dry_run": dry_run or None, **how})
        return self._write("POST", self._path("releases"), body | asked)

    def releases(self, environment: str | None = None) -> Iterator[Json]:
        """Releases, newest first."""
        return self._pages(self._path("releases"), "before", environment=environment)

    def get_release(self, release_id: str) -> Json:
        """One release with its items, decision and notes."""
        return self._get(self._path("releases", release_id))

    def diff_release(self, release_id: int | str) -> Iterator[Json]:
        """What a release changes, item by item: against what is live and against what lived there longest."""
        return self._pages(self._path("releases", str(release_id), "diff"), "after", limit=str(DIFFS_ITEMS))

    def approve(self, release_id: int | str, meaning: str | None = None) -> Json:
        """Sign a release as it stands now. Needs a person with a recent sign-in. Raises `Conflict` when it is stale.

        Without ``meaning`` you say again what you said of it, or of the release that it takes up again.
        """
        return self._write("POST", self._path("releases", str(release_id), "approve"), given({"meaning": meaning}))

    def apply(self, release_id: int | str) -> Json:
        """Apply a proposed release. Raises `PolicyRefused` (``data["decision"]`` says why), `Conflict` when it is stale."""
        return self._write("POST", self._path("releases", str(release_id), "apply"), {})

    def schedule(self, release_id: int | str, at: str) -> Json:
        """Say when a proposed release is to be applied, such as ``2026-11-24T09:00[Europe/Paris]``."""
        return self._write("POST", self._path("releases", str(release_id), "schedule"), {"at": at})

    def unschedule(self, release_id: int | str) -> Json:
        """Take the moment back: the release waits for people again."""
        return self._exchange(Request("DELETE", self._path("releases", str(release_id), "schedule")))

    def scheduled(self) -> list[Json]:
        """The releases that wait for their moment, the next first."""
        return self._items(self._path("schedule"))

    def decline(self, release_id: int | str, reason: str = "") -> Json:
        """End a proposed release with a no."""
        return self._write("POST", self._path("releases", str(release_id), "decline"), {"reason": reason})

    def withdraw(self, release_id: int | str, reason: str = "") -> Json:
        """Take one's own proposal back."""
        return self._write("POST", self._path("releases", str(release_id), "withdraw"), {"reason": reason})

    def comment(self, release_id: int | str, text: str) -> Json:
        """Say something about a release."""
        return self._write("POST", self._path("releases", str(release_id), "comments"), {"text": text})

    def rebase(self, release_id: int | str, revised: Sequence[Mapping[str, Any]] = ()) -> Json:
        """Take a stale release up again, as a new one over what is live now; or one of yours, with other versions."""
        return self._write("POST", self._path("releases", str(release_id), "rebase"), {"items": list(revised)})

    def reviews(self) -> list[Json]:
        """The emergencies nobody has looked at yet."""
        return self._items(self._path("reviews"))

    def close_review(self, release_id: int | str, text: str) -> Json:
        """Close the review of an emergency, with what was found."""
        return self._write("POST", self._path("releases", str(release_id), "review"), {"text": text})

    def recall(self, name: str, number: int, reason: str) -> Json:
        """Declare a version harmful. ``instead`` says what each environment that served it serves now.

        ``included_by`` names the versions that include it, and where they are live; they are not recalled with it.
        """
        return self._write("POST", self._prompt(name, "versions", str(number), "recall"), {"reason": reason})

    def recalls(self) -> list[Json]:
        """The recalled versions, newest first."""
        return self._items(self._path("recalls"))

    def drift(self, one: str, other: str) -> Json:
        """What two environments differ in (``items``), and the ``promotion`` of the first into the second, weighed."""
        return self._get(self._path("drift"), {"from": one, "to": other})

    def orphans(self, environment: str, days: int | None = None) -> Json:
        """What an environment serves and no key fetched by name for ``days``, whole: ``items``, and the keys (``whole``) that
        take everything and may use them all the same.
        """
        pages = list(self._raw_pages(self._path("environments", environment, "orphans"), "after", days=days))
        return pages[0] | {"items": [item for page in pages for item in page["items"]], "next": None}

    def fleet(self, environment: str) -> Json:
        """The environment's clients, whole: ``items`` of the last day, `progress` of the last change, and counts."""
        pages = list(self._raw_pages(self._path("environments", environment, "fleet"), "after"))
        return pages[0] | {"items": [item for page in pages for item in page["items"]], "next": None}

    def rollout(self, release_id: int | str) -> Json:
        """How far a release has come among the running clients: ``progress``, ``None`` where it was not applied."""
        return self._get(self._path("releases", str(release_id), "rollout"))

    def adopt_preset(self, environment: str, preset: str) -> Json:
        """Make an environment as strict as ``solo``, ``team`` or ``regulated``."""
        return self._write("POST", self._path("environments", environment, "preset"), {"preset": preset})

    def report_gate(self, gate: str, *, digest: str, suite_revision: str, passed: bool, score: float | None = None) -> Json:
        """Say what an evaluation suite found of a digest."""
        found = {"digest": digest, "suite_revision": suite_revision, "passed": passed, "score": score}
        return self._write("POST", self._path("gates", gate, "results"), given(found))

    def status(self, prompts: Sequence[str] = ()) -> Json:
        """The matrix prompts x environments, whole: ``environments`` and ``items``; ``solo``: where one person decides."""
        pages = self._raw_pages(self._path("status"), "after", prompt=list(prompts) or None)
        first = next(pages)
        rest = [item for page in pages for item in page["items"]]
        return {"environments": first["environments"], "solo": first["solo"], "items": [*first["items"], *rest]}

    # --- credentials ------------------------------------------------------------------------------------------------
    def keys(self) -> list[Json]:
        """Delivery keys, without their secrets."""
        return self._items(self._path("keys"))

    def create_key(
        self,
        environment: str | None,
        name: str,
        *,
        relays: Sequence[str] | None = None,
        expires_in_s: int | None = None,
        networks: Sequence[str] | None = None,
    ) -> Json:
        """Make a delivery key of one environment, or of a relay for several. ``key`` holds the secret, this once."""
        of = {"environment": environment, "relays": relays}
        wanted = {**of, "name": name, "expires_in_s": expires_in_s, "networks": networks}
        return self._write("POST", self._path("keys"), given(wanted))

    def rotate_key(self, selector: str, overlap_s: int) -> Json:
        """Make the key's successor (``key``, this once); the old one works ``overlap_s`` seconds longer."""
        return self._write("POST", self._path("keys", selector, "rotate"), {"overlap_s": overlap_s})

    def revoke_key(self, selector: str) -> Json:
        """End a delivery key now."""
        return self._write("POST", self._path("keys", selector, "revoke"), {})

    def tokens(self, *, everywhere: bool = False) -> list[Json]:
        """Service tokens of the project, or those of the whole instance; without their secrets."""
        return self._items("/api/tokens" if everywhere else self._path("tokens"))

    def create_token(
        self, name: str, role: str, *, scopes: Sequence[str] | None = None, expires_in_s: int | None = None
    ) -> Json:
        """Make a service token, perhaps narrowed to ``scopes`` (permissions). ``token`` holds the secret, this once."""
        wanted = {"name": name, "role": role, "scopes": scopes, "expires_in_s": expires_in_s}
        return self._write("POST", self._path("tokens"), given(wanted))

    def create_my_token(self, name: str, *, scopes: Sequence[str] | None = None, expires_in_s: int | None = None) -> Json:
        """Make a token of one's own. Needs a recent sign-in. ``token`` holds the secret, this once."""
        return self._write("POST", "/api/me/tokens", given({"name": name, "scopes": scopes, "expires_in_s": expires_in_s}))

    def revoke_token(self, selector: str, *, everywhere: bool = False) -> Json:
        """End a service token of the project, or one of the whole instance, now."""
        of_all = f"/api/tokens/{segment(selector)}/revoke"
        return self._write("POST", of_all if everywhere else self._path("tokens", selector, "revoke"), {})

    # --- people -----------------------------------------------------------------------------------------------------
    def sign_in(self, login: str, password: str) -> str:
        """Begin a session; returns it as a token."""
        return str(self._write("POST", "/api/sessions", {"login": login, "password": password, "token": True})["token"])

    def end_session(self, session: str) -> Json:
        """End one of one's own sessions; ``current`` is the one that asks."""
        return self._exchange(Request("DELETE", f"/api/sessions/{segment(session)}"))

    def people(self) -> list[Json]:
        """Every account with its ``grants``."""
        return self._items("/api/people")

    def invite(self, login: str, grants: Sequence[Mapping[str, Any]]) -> Json:
        """Invite somebody: a grant is ``{"role": ..., "project": ..., "environment": ...}``. ``secret`` is shown this once."""
        return self._write("POST", "/api/invitations", {"login": login, "grants": list(grants)})

    def invitations(self) -> list[Json]:
        """The invitations that nobody has taken up yet, without their secrets."""
        return self._items("/api/invitations")

    def withdraw_invitation(self, invitation: str) -> Json:
        """Take one back, by its ``id``: its link counts no more."""
        return self._exchange(Request("DELETE", f"/api/invitations/{segment(invitation)}"))

    def disable(self, login: str) -> Json:
        """End what an account may do, at once."""
        return self._write("POST", f"/api/people/{segment(login, '@+')}/disable", {})

    def enable(self, login: str) -> Json:
        """Let an account sign in again."""
        return self._write("POST", f"/api/people/{segment(login, '@+')}/enable", {})

    def give_role(self, login: str, role: str, *, environment: str | None = None) -> Json:
        """Give somebody a role in every project, or in the environment of that name of each."""
        return self._write("POST", self._roles(login), given({"role": role, "environment": environment}))

    def take_role(self, login: str, role: str, *, environment: str | None = None) -> Json:
        """Take such a role away."""
        query = params({"role": role, "environment": environment})
        return self._exchange(Request("DELETE", self._roles(login), params=query))

    def members(self) -> list[Json]:
        """Who may do what in the project, a row for each right."""
        return self._items(self._path("members"))

    def add_member(self, login: str, role: str, *, environment: str | None = None) -> Json:
        """Give somebody a role in the project, or in one environment of it."""
        return self._write("POST", self._path("members"), given({"login": login, "role": role, "environment": environment}))

    def remove_member(self, login: str, role: str, *, environment: str | None = None) -> list[Json]:
        """Take a role away; returns who is left."""
        query = params({"login": login, "role": role, "environment": environment})
        left: list[Json] = self._exchange(Request("DELETE", self._path("members"), params=query))["items"]
        return left

    # --- audit ------------------------------------------------------------------------------------------------------
    def audit(self, **wanted: str | None) -> Iterator[Json]:
        """The audit chain's entries from the first on, as the hashes cover them.

        ``wanted``: principal, action (`release.` for all of its kind), target, environment, since, until.
        """
        return self._pages(self._path("audit"), "after", **wanted)

    def checkpoint(self) -> Json:
        """A signed word of how long the chain is now: ``checkpoint`` and the ``public_key`` that checks it."""
        return self._get(self._path("audit", "checkpoint"))

    def evidence(self, release_id: int | str) -> Json:
        """One page for one release: request, author, difference, checks, approvals, until when it was live."""
        return self._get(self._path("releases", str(release_id), "evidence"))

    def _roles(self, login: str) -> str:
        return f"/api/people/{segment(login, '@+')}/roles"
