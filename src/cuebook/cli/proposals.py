"""propose, approve, apply, decline, withdraw, comment, rebase, release, reviews: changes that wait for other people."""

from __future__ import annotations

from typing import Annotated

import typer

from cuebook.admin import Json
from cuebook.cli import show
from cuebook.cli.arguments import AsJson, Reason
from cuebook.cli.releases import Items, Shrinks, To, decision, item, report
from cuebook.cli.session import session

Id = Annotated[int, typer.Argument(metavar="ID", min=1, help="The release's number.")]
Meaning = Annotated[str, typer.Option("-m", "--meaning", help="What the approval means, such as 'read the wording'.")]
Said = Annotated[str, typer.Option("-m", "--message", help="What you say.")]
reviews = typer.Typer(no_args_is_help=True, help="Emergencies that somebody must look at.")


def propose(
    ctx: typer.Context, names: Items, to: To, reason: Reason = "", shrinks: Shrinks = False, as_json: AsJson = False
) -> None:
    """Ask for a release that others approve; then it is applied."""
    items = [item(name) for name in names]
    made = session(ctx).admin.release(to, items, reason=reason, propose=True, shrink_meant=shrinks or None)
    report(made, as_json)
    if not as_json:
        show.note(f"Another person approves it: cuebook approve {made['id']} -m MEANING")


def approve(ctx: typer.Context, release_id: Id, meaning: Meaning, as_json: AsJson = False) -> None:
    """Approve exactly what a release would change now. Needs a sign-in of the last minutes."""
    _show(session(ctx).admin.approve(release_id, meaning), as_json)


def apply(ctx: typer.Context, release_id: Id, as_json: AsJson = False) -> None:
    """Apply a proposed release; its policy is weighed again at this moment."""
    report(session(ctx).admin.apply(release_id), as_json)


def decline(ctx: typer.Context, release_id: Id, reason: Reason = "", as_json: AsJson = False) -> None:
    """End a proposed release with a no."""
    _ended(session(ctx).admin.decline(release_id, reason), as_json)


def withdraw(ctx: typer.Context, release_id: Id, reason: Reason = "", as_json: AsJson = False) -> None:
    """Take your own proposal back."""
    _ended(session(ctx).admin.withdraw(release_id, reason), as_json)


def comment(ctx: typer.Context, release_id: Id, message: Said, as_json: AsJson = False) -> None:
    """Say something about a release."""
    _show(session(ctx).admin.comment(release_id, message), as_json)


def rebase(ctx: typer.Context, release_id: Id, as_json: AsJson = False) -> None:
    """Take a stale release up again, over what is live now."""
    report(session(ctx).admin.rebase(release_id), as_json)


def release(ctx: typer.Context, release_id: Id, as_json: AsJson = False) -> None:
    """Show a release as it stands now: what it changes, what its policy says, who approved it, what was said."""
    _show(session(ctx).admin.get_release(str(release_id)), as_json)


@reviews.command("list")
def list_(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the emergencies nobody has looked at yet."""
    found = session(ctx).admin.reviews()
    if as_json:
        show.write_json({"items": found})
        return
    columns = ("release", "environment", "by", "since", "rules skipped")
    rows = (
        (r["release"], r["environment"], r["opened_by"], show.moment(r["opened_at"]), ", ".join(r["skipped"])) for r in found
    )
    show.table(columns, rows)


@reviews.command()
def close(ctx: typer.Context, release_id: Id, message: Said, as_json: AsJson = False) -> None:
    """Close the review of an emergency with what was found. Nobody closes their own."""
    closed = session(ctx).admin.close_review(release_id, message)
    if as_json:
        show.write_json(closed)
        return
    show.say(f"The review of release {closed['release']} was closed by {closed['closed_by']}.")


def _ended(found: Json, as_json: bool) -> None:
    if as_json:
        show.write_json(found)
        return
    show.say(f"Release {found['id']} was {found['state']}.")


def _show(found: Json, as_json: bool) -> None:
    if as_json:
        show.write_json(found)
        return
    report(found, as_json=False)
    if found["state"] == "applied":
        decision(found["decision"])
    show.say(f"by {found['author']}, {show.moment(found['created_at'])}: {found['reason']}")
    for given in found["approvals"]:
        lapsed = "" if given["counts"] or found["state"] == "applied" else " (counts no more)"
        show.say(f"approved by {given['person']}, {show.moment(given['at'])}: {given['meaning']}{lapsed}")
    for said in found["comments"]:
        show.say(f"{said['author']}, {show.moment(said['at'])}: {said['text']}")
    if (review := found["review"]) is not None:
        closed = f"closed by {review['closed_by']}: {review['comment']}" if review["closed_by"] else "open"
        show.say(f"emergency, its review is {closed}")
