"""A release as its reviewers read it: what it changes, what is missing, what changed since they approved, what to type next."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterable, Iterator

from rich.text import Text

from cuebook.admin import AdminClient, Json
from cuebook.cli import show
from cuebook.cli.changes import print_diff
from cuebook.cli.releases import decision, due


def print_release(admin: AdminClient, found: Json, diffs: Iterable[Json]) -> None:
    """The whole of it."""
    _head(found)
    for diff in diffs:
        show.say()
        _item(diff)
    for sentence in found["notes"]:
        show.say(Text(f"  breaking: {show.plain(sentence)}", style="bold red"))
    _section("The rules", found["decision"]["rules"])
    decision(found["decision"])
    print_approvals(found)
    _section("Said of it", found["comments"])
    for said in found["comments"]:
        show.say(f"  {said['author']}, {show.moment(said['at'])}: {said['text']}")
    if (review := found["review"]) is not None:
        closed = f"closed by {review['closed_by']}: {review['comment']}" if review["closed_by"] else "open"
        show.say(f"An emergency that skipped {', '.join(review['skipped']) or 'no rule'}; its review is {closed}")
    print_next(admin, found)


def print_approvals(found: Json) -> None:
    """Who approved, and for whose approval does not count any more: what changed since."""
    _section("Approvals", found["approvals"] or found["since"])
    for given in found["approvals"]:
        lapsed = "" if given["counts"] or found["state"] == "applied" else " (counts no more)"
        show.say(f"  approved by {given['person']}, {show.moment(given['at'])}: {given['meaning']}{lapsed}")
    for since in found["since"]:
        print_since(found, since)


def print_since(found: Json, since: Json) -> None:
    """What changed since somebody approved this release, or one that it takes up again."""
    which = "it" if since["release"] == found["id"] else f"release {since['release']}, which this one takes up again"
    show.say(f"  {since['person']} approved {which} ({since['meaning']}). Since then:")
    for line in _since(since):
        show.say(f"    {line}")


def print_next(admin: AdminClient, found: Json) -> None:
    """What happens next, and what to type for it."""
    show.say()
    for line in _next(admin, found):
        show.say(line)


def interactive() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def _head(found: Json) -> None:
    revision = f" as revision {found['revision']}, {show.moment(found['applied_at'])}" if found["revision"] else ""
    show.say(Text(f"Release {found['id']} to {found['environment']} is {found['state']}{revision}{due(found)}:", style="bold"))
    for move in found["items"]:
        show.say(f"  {move['prompt']}: {_number(move['replaces'])} -> {_number(move['version'])}")
    for rule, value in (found["policy"] or {}).items():
        show.say(f"  {rule} = {json.dumps(value)}")
    show.say(f"  {found['kind']}, asked for by {found['author']}, {show.moment(found['created_at'])}")
    show.say(f"  {found['reason'] or '(no reason)'}")
    if found["ended_by"]:
        show.say(f"  {found['state']} by {found['ended_by']}, {show.moment(found['ended_at'])}: {found['ended_why']}")


def _item(diff: Json) -> None:
    name, live, longest = diff["prompt"], diff["live"], diff["longest"]
    if diff["against_live"]:
        print_diff(name, diff["against_live"])
    elif diff["version"] is None:
        show.say(f"{name}: version {live} goes, and nothing takes its place.")
    else:
        show.say(f"{name}: nothing was live. Read all of it: cuebook get {name} --version {diff['version']}")
    if longest is not None and longest == live:
        show.say(f"  Version {live} was also live longest: {_span(diff['longest_days'])} of the last 90 days.")
    elif longest is not None and longest == diff["version"]:
        show.say(f"  Version {longest} itself was live longest before: {_span(diff['longest_days'])} of the last 90 days.")
    elif diff["against_longest"]:
        show.say(f"\nAgainst version {longest}, which was live longest, {_span(diff['longest_days'])} of the last 90 days:")
        print_diff(name, diff["against_longest"])


def _since(since: Json) -> Iterator[str]:
    for item in since["items"]:
        then, now, name = item["then"], item["now"], item["prompt"]
        if then is None or now is None:
            yield f"{name} came into it: version {now['version']}" if now else f"{name} is no more in it"
            continue
        if then["version"] != now["version"]:
            yield f"{name}: version {_number(now['version'])} instead of {_number(then['version'])}{_told(item['summary'])}"
        if then["replaces"] != now["replaces"]:
            yield f"{name}: replaces {_number(now['replaces'])} instead of {_number(then['replaces'])}{_told(item['base'])}"
    if (policy := since["policy"]) is not None:
        rules = ", ".join(f"{r['rule']} {json.dumps(r['before'])} -> {json.dumps(r['after'])}" for r in policy["rules"])
        yield f"the rules went from revision {policy['before']} to {policy['after']}: {rules or 'none of them differs'}"
    if not since["items"] and policy is None:
        yield "nothing changed; the approval lapsed after 72 hours"


def _next(admin: AdminClient, found: Json) -> Iterator[str]:
    number, state = found["id"], found["state"]
    for moved in found["moved"]:
        yield (
            f"{moved['prompt']}: release {moved['release']} by {moved['by']}, {show.moment(moved['at'])}, "
            f"brought {_number(moved['theirs'])} in place of {_number(moved['yours'])} ({moved['reason']})"
        )
    if state == "stale":
        yield f"Next: cuebook rebase {number} takes it up again over what is live now."
    elif state == "expired":
        names = [f"{item['prompt']}@{item['version']}" for item in found["items"] if item["version"]]
        yield f"Next: {shlex.join(['cuebook', 'propose', *names, '--to', found['environment'], '-m', found['reason']])}"
    elif state == "approved" and found["schedule"]:
        yield f"Nothing is left to type{due(found)}."
    elif state == "approved":
        yield f"Next: cuebook apply {number}"
    elif state == "proposed":
        yield from (f"Next: {line}" for line in _waits(admin, found))
    elif state == "applied":
        yield f"One page of evidence: cuebook evidence {number}"


def _waits(admin: AdminClient, found: Json) -> Iterator[str]:
    """For whom or what a proposal waits."""
    missing = [rule for rule in found["decision"]["rules"] if not rule["passed"]]
    for rule in missing:
        if rule["rule"] != "approvals":
            yield rule["sentence"]
            continue
        people = _approvers(admin, found["environment"], rule["evidence"])
        if people:
            yield f"{_either(people)} can approve: cuebook approve {found['id']}"
        else:
            yield "nobody else may approve yet: cuebook people invite LOGIN --role reviewer"


def _approvers(admin: AdminClient, environment: str, evidence: Json) -> list[str]:
    """Who may approve and has not."""
    done = {*evidence["people"], *evidence.get("excluded", ())}
    holds = {
        row["login"]
        for row in admin.members()
        if row["role"] in evidence["roles"] and row["environment"] in (None, environment) and not row["disabled"]
    }
    return sorted(holds - done)


def _section(title: str, wanted: object) -> None:
    if wanted:
        show.say()
        show.say(Text(title, style="bold"))


def _either(people: list[str]) -> str:
    shown = [*people[:5], *(["others"] if len(people) > 5 else [])]
    return " or ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]


def _number(version: int | None) -> str:
    return "nothing" if version is None else str(version)


def _told(summary: list[str]) -> str:
    return f" ({'; '.join(summary)})" if summary else ""


def _span(days: float) -> str:
    if days >= 1:
        return f"{days:.0f} days" if days >= 1.5 else "1 day"
    return f"{days * 24:.0f} h" if days * 24 >= 1 else f"{days * 1440:.0f} min"
