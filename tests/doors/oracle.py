"""Whether a change of production was let in by its rules: read from the tables and the audit alone, by nothing under test.

``verdict`` gives what is wrong with the last change, in words; nothing is wrong: "". It knows four ways: a release that its
policy let in, a rollback to what was live there, an emergency with an open review, a recall.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, text

from tests.doors.world import PRODUCTION, State, World

LIFE = timedelta(hours=72)
Rows = list[Row[Any]]


def verdict(world: World, before: State, rights: frozenset[str]) -> str:
    """What is wrong with how production came from ``before`` to now, for an actor with these rights there."""
    with world.app.database.read() as connection:
        return "; ".join(_faults(Facts(connection), before, rights))


class Facts:
    """What the tables say."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, **values: Any) -> Rows:
        return list(self._connection.execute(text(sql), values))

    def applied(self, revision: int) -> Rows:
        """Every release of production above a revision."""
        return self.rows(
            "SELECT * FROM release WHERE project_id = 2 AND environment_id = :e AND revision > :r", e=PRODUCTION, r=revision
        )

    def items(self, release: int) -> Rows:
        return self.rows("SELECT * FROM release_item WHERE project_id = 2 AND release_id = :id", id=release)

    def lived(self, environment: str, prompt: int, before: int) -> list[tuple[int | None, datetime]]:
        """A prompt's life in an environment below a revision, oldest first."""
        rows = self.rows(
            "SELECT c.after, c.at FROM pointer_change c JOIN environment e ON e.project_id = c.project_id AND"
            " e.environment_id = c.environment_id WHERE c.project_id = 2 AND e.name = :e AND c.prompt_id = :p"
            " AND c.revision < :r ORDER BY c.revision",
            e=environment,
            p=prompt,
            r=before,
        )
        return [(row.after, moment(row.at)) for row in rows]

    def saver(self, prompt: int, number: int) -> str:
        (row,) = self.rows(
            "SELECT coalesce(person, author) AS who FROM version WHERE project_id = 2 AND prompt_id = :p AND number = :n",
            p=prompt,
            n=number,
        )
        return str(row.who)

    def recalled(self, prompt: int, number: int | None) -> bool:
        return bool(
            self.rows("SELECT 1 FROM recall WHERE project_id = 2 AND prompt_id = :p AND number = :n", p=prompt, n=number)
        )

    def roles(self, login: str) -> set[str]:
        """What somebody holds in production now; nothing when the account was disabled."""
        rows = self.rows(
            "SELECT m.role FROM membership m JOIN person p ON p.person_id = m.person_id WHERE p.login = :l AND p.disabled_at"
            " IS NULL AND coalesce(m.project_id, 2) = 2 AND coalesce(m.environment, 'production') = 'production'",
            l=login,
        )
        return {row.role for row in rows}

    def told(self, release: int) -> list[dict[str, Any]]:
        """The audit since a release was proposed, oldest first."""
        rows = self.rows("SELECT body FROM audit_entry WHERE project_id = 2 ORDER BY seq")
        entries: list[dict[str, Any]] = [json.loads(row.body) for row in rows]
        begins = next((i for i, e in enumerate(entries) if e["target"] == f"release {release}"), len(entries))
        return entries[begins:]


def moment(value: Any) -> datetime:
    """A time as either database gives it."""
    read = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _faults(facts: Facts, before: State, rights: frozenset[str]) -> Iterator[str]:
    revision = before.environment[0]
    made = facts.applied(revision)
    if len(made) != 1 or made[0].revision != revision + 1:
        yield f"{len(made)} releases raised the revision"
        return
    (release,) = made
    if release.state != "applied":
        yield "its release is not applied"
    if not any(entry["revision"] == release.revision for entry in facts.told(release.release_id)):
        yield "the audit does not tell of it"
    items = {item.prompt_id: item.number for item in facts.items(release.release_id)}
    if (moved := _moved(facts, before)) != items:
        yield f"its items are {items}, but what moved is {moved}"
    if release.reason.startswith("Recalled: "):
        yield from _recall(facts, release, rights)
    elif release.emergency:
        yield from _emergency(facts, release, rights)
    elif release.kind == "rollback":
        yield from _rollback(facts, release, rights)
    else:
        yield from _policy(facts, release, before, rights)


def _moved(facts: Facts, before: State) -> dict[int, int | None]:
    """The pointers of production that are not what they were."""
    old = {row[1]: row[2] for row in before.production[0]}
    rows = facts.rows("SELECT prompt_id, number FROM pointer WHERE project_id = 2 AND environment_id = :e", e=PRODUCTION)
    return {row.prompt_id: row.number for row in rows if old.get(row.prompt_id, -1) != row.number}


def _recall(facts: Facts, release: Row[Any], rights: frozenset[str]) -> Iterator[str]:
    if "versions.recall" not in rights:
        yield "recalled without the right"
    for item in facts.items(release.release_id):
        if not facts.recalled(item.prompt_id, item.replaces):
            yield "what it took out was not recalled"
        if item.number is not None:
            yield from _lived_here(facts, release, item)


def _emergency(facts: Facts, release: Row[Any], rights: frozenset[str]) -> Iterator[str]:
    if "releases.break_glass" not in rights:
        yield "broke the glass without the right"
    if not release.reason.strip() or release.kind == "policy":
        yield "an emergency of no reason, or of rules"
    reviews = facts.rows("SELECT * FROM review WHERE project_id = 2 AND release_id = :id", id=release.release_id)
    if len(reviews) != 1 or reviews[0].closed_at is not None:
        yield "it left no open review"
    if any(facts.recalled(item.prompt_id, item.number) for item in facts.items(release.release_id)):
        yield "it brought back what was recalled"


def _rollback(facts: Facts, release: Row[Any], rights: frozenset[str]) -> Iterator[str]:
    if "releases.rollback" not in rights:
        yield "rolled back without the right"
    if not release.reason.strip():
        yield "a rollback without a reason"
    for item in facts.items(release.release_id):
        yield from _lived_here(facts, release, item)


def _lived_here(facts: Facts, release: Row[Any], item: Row[Any]) -> Iterator[str]:
    if item.number not in [after for after, _ in facts.lived("production", item.prompt_id, release.revision)]:
        yield "it was never live in production"
    if facts.recalled(item.prompt_id, item.number):
        yield "it was recalled"


def _policy(facts: Facts, release: Row[Any], before: State, rights: frozenset[str]) -> Iterator[str]:
    policy = before.policy
    needed = {"releases.apply"} if release.kind != "policy" else {"environments.write"}
    if not needed <= rights:
        yield f"{release.kind} without the right"
    if policy["reason_required"] and not release.reason.strip():
        yield "without a reason"
    if release.kind == "promote":
        yield from _source(facts, release, policy)
    served = {row[1]: row[2] for row in before.production[0]}
    for item in facts.items(release.release_id):
        if facts.recalled(item.prompt_id, item.number):
            yield "it was recalled"
        if item.replaces != served.get(item.prompt_id):
            yield "what it replaces is not what was live"
    count = policy["approvals"]["count"]
    if len(people := set(approvers(facts, release, policy))) < count:
        yield f"{len(people)} of {count} people approved it: {sorted(people)}"


def _source(facts: Facts, release: Row[Any], policy: Mapping[str, Any]) -> Iterator[str]:
    """Live in the environment it comes from, for as long as the policy asks, without a rollback since."""
    now = moment(release.applied_at)
    for item in facts.items(release.release_id):
        life = facts.lived(policy["comes_from"], item.prompt_id, 1_000_000) if policy["comes_from"] else [(item.number, now)]
        began = [at for after, at in life if after == item.number]
        if not began:
            yield f"it never ran in {policy['comes_from']}"
        elif now - began[-1] < timedelta(seconds=policy["soak_s"]) or (policy["soak_s"] and life[-1][0] != item.number):
            yield f"it ran in {policy['comes_from']} too short"


def approvers(facts: Facts, release: Row[Any], policy: Mapping[str, Any]) -> Iterator[str]:
    """Who approved exactly this, and still counts: nobody who wrote it, with a right role now, under the same rules."""
    items = facts.items(release.release_id)
    authors = {release.person or release.author, release.author}
    authors |= {facts.saver(item.prompt_id, item.number) for item in items if item.number}
    told = facts.told(release.release_id)
    for given in facts.rows("SELECT * FROM approval WHERE project_id = 2 AND release_id = :id", id=release.release_id):
        since = _since_approved(told, release.release_id, given.person)
        fresh = timedelta(0) <= moment(release.applied_at) - moment(given.at) < LIFE
        role = facts.roles(given.person) & set(policy["approvals"]["roles"])
        if fresh and role and given.person not in authors and not any(_changes_rules(entry) for entry in since):
            yield given.person


def _since_approved(told: list[dict[str, Any]], release: int, person: str) -> list[dict[str, Any]]:
    last = max(
        i
        for i, e in enumerate(told)
        if e["action"] == "release.approved" and e["target"] == f"release {release}" and e["principal"] == person
    )
    return told[last + 1 :]


def _changes_rules(entry: Mapping[str, Any]) -> bool:
    return bool(entry["action"] == "environment.changed" and entry["environment"] == "production")
