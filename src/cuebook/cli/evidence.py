"""evidence: one page for a release, or for a sample of all that were applied in a time."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated

import typer

from cuebook.admin import AdminClient, Json
from cuebook.cli import show
from cuebook.cli.arguments import AsJson, complete_environments
from cuebook.cli.audit import Since, Until
from cuebook.cli.moments import moment
from cuebook.cli.session import session
from cuebook.errors import Invalid

SAMPLE_MAX = 1_000
In = Annotated[
    str | None,
    typer.Option(
        "--environment", "--in", metavar="ENV", help="Only of this environment.", autocompletion=complete_environments
    ),
]


def evidence(
    ctx: typer.Context,
    releases: Annotated[list[int] | None, typer.Argument(metavar="RELEASE", help="Numbers of releases.")] = None,
    sample: Annotated[int, typer.Option(min=0, max=SAMPLE_MAX, help="Instead: so many, drawn from all that were applied.")] = 0,
    environment: In = None,
    since: Since = None,
    until: Until = None,
    seed: Annotated[str, typer.Option(help="Draw the sample that was drawn with this word before.")] = "",
    as_json: AsJson = False,
) -> None:
    """Print one page of evidence a release: request, author, difference, checks, approvals, until when it was live.

    A sample is drawn by chance and can be drawn again: of the releases applied in the time, those whose SHA-256 of
    "SEED:NUMBER" is smallest.
    """
    if bool(releases) == bool(sample) or (releases and (environment or since or until or seed)):
        raise Invalid("Which releases? Name their numbers, or ask for a --sample.")
    admin, drawn = session(ctx).admin, {}
    numbers = list(releases or ())
    if sample:
        seed = seed or secrets.token_hex(4)
        applied = _applied(admin, environment, *_period(since, until))
        numbers = draw(applied, sample, seed)
        drawn = {"sample": {"seed": seed, "drawn": len(numbers), "of": len(applied)}}
    pages = (admin.evidence(number) for number in numbers)
    if as_json:
        show.write_json(drawn | {"items": list(pages), "next": None})
        return
    if sample:
        show.say(f"{len(numbers)} of the {len(applied)} releases applied, drawn with --seed {seed}")
    for number, page in enumerate(pages):
        if number or sample:
            show.say()
        for line in _page(page):
            show.say(line)


def draw(numbers: Sequence[int], count: int, seed: str) -> list[int]:
    """A sample that chance decides and anybody can draw again: the same numbers and seed give the same, in order."""
    ranked = sorted(numbers, key=lambda number: hashlib.sha256(f"{seed}:{number}".encode()).digest())
    return sorted(ranked[:count])


def _period(since: str | None, until: str | None) -> tuple[datetime | None, datetime | None]:
    now = datetime.now().astimezone()
    return (moment(since, now) if since else None), (moment(until, now) if until else None)


def _applied(admin: AdminClient, environment: str | None, since: datetime | None, until: datetime | None) -> list[int]:
    """Every release that was applied in the time; one proposed long before may be among them, so all are walked."""
    found = []
    for release in show.counted(admin.releases(environment), "looking through the releases"):
        if release["applied_at"] is not None:
            at = datetime.fromisoformat(release["applied_at"])
            if (since is None or at >= since) and (until is None or at < until):
                found.append(int(release["id"]))
    return found


def _page(page: Json) -> Iterator[str]:
    release = page["release"]
    yield f"Release {release['id']}: {release['kind']} to {release['environment']}, {release['state']}"
    yield f"  asked by {release['author']} at {show.moment(release['created_at'])}: {release['reason'] or '(no reason)'}"
    if release["applied_at"]:
        yield f"  applied at {show.moment(release['applied_at'])} as revision {release['revision']}"
    for move in page["moves"]:
        before = "nothing" if move["replaces"] is None else f"version {move['replaces']} ({move['replaced_digest']})"
        after = "nothing" if move["version"] is None else f"version {move['version']} ({move['digest']})"
        yield f"  {move['prompt']}: {before} -> {after}"
        yield from (f"    {sentence}" for sentence in move["summary"])
        if move["drift"]:
            yield f"    against version {move['longest']}, which had been live longest: {'; '.join(move['drift'])}"
        until = move["live_until"]
        yield f"    live until {show.moment(until)}" if until else "    not replaced since"
    for rule in release["decision"]["rules"]:
        yield f"  {'met' if rule['passed'] else 'NOT met'}: {rule['sentence']}"
    for given in page["approvals"]:
        yield f"  approved by {given['person']} at {show.moment(given['at'])}: {given['meaning']}"
    if page["review"]:
        review = page["review"]
        closed = f"closed by {review['closed_by']}: {review['comment']}" if review["closed_by"] else "still open"
        yield f"  emergency; skipped {', '.join(review['skipped']) or 'nothing'}; the review is {closed}"
    for entry in page["entries"]:
        yield f"  audit entry {entry['seq']}: {entry['action']} by {entry['principal']}, hash {entry['hash']}"
