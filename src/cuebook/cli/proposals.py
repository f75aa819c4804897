"""propose, approve, apply, decline, withdraw, comment, rebase, revise, release, reviews: changes that wait for others."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cuebook.admin import AdminClient, Json
from cuebook.cli import reviewing, show
from cuebook.cli.arguments import AsJson, Reason
from cuebook.cli.failures import UNAVAILABLE
from cuebook.cli.fleet import follow
from cuebook.cli.moments import AHEAD_HINT
from cuebook.cli.releases import At, Items, Shrinks, To, coming, decision, due, item, report
from cuebook.cli.session import session

Id = Annotated[int, typer.Argument(metavar="ID", min=1, help="The release's number.")]
Meaning = Annotated[
    str | None,
    typer.Option("-m", "--meaning", help="What it means, such as 'read the wording'; left out: what you said last time."),
]
Follow = Annotated[bool, typer.Option("--follow", help="Tell how it arrives at the running clients.")]
FollowFor = Annotated[int, typer.Option("--for", min=1, max=86_400, metavar="SECONDS", help="How long --follow waits.")]
Said = Annotated[str, typer.Option("-m", "--message", help="What you say.")]
reviews = typer.Typer(no_args_is_help=True, help="Emergencies that somebody must look at.")


def propose(
    ctx: typer.Context,
    names: Items,
    to: To,
    reason: Reason = "",
    shrinks: Shrinks = False,
    at: At = "",
    as_json: AsJson = False,
) -> None:
    """Ask for a release that others approve; then it is applied, by somebody or --at a moment."""
    items = [item(name) for name in names]
    how: dict[str, Any] = {"propose": True, "shrink_meant": shrinks or None, "at": coming(at)}
    admin = session(ctx).admin
    _report(admin, admin.release(to, items, reason=reason, **how), as_json)


def approve(ctx: typer.Context, release_id: Id, meaning: Meaning = None, as_json: AsJson = False) -> None:
    """Approve exactly what a release would change now. Needs a sign-in of the last minutes.

    Who approved it before, or the release that it takes up again, sees what changed since, and says the same again without -m.
    """
    admin = session(ctx).admin
    if as_json:
        show.write_json(admin.approve(release_id, meaning))
        return
    done = admin.approve(release_id, _asked(admin, release_id, meaning))
    show.say(f"Release {done['id']} to {done['environment']} is {done['state']}.")
    reviewing.print_approvals(done)
    reviewing.print_next(admin, done)


def apply(ctx: typer.Context, release_id: Id, as_json: AsJson = False) -> None:
    """Apply a proposed release; its policy is weighed again at this moment."""
    report(session(ctx).admin.apply(release_id), as_json)


def schedule(
    ctx: typer.Context,
    release_id: Id,
    when: Annotated[str, typer.Argument(metavar="WHEN", help=AHEAD_HINT.replace("Write ", ""))],
    as_json: AsJson = False,
) -> None:
    """Say when a proposed release is to be applied. Everything is asked again then; what has moved makes it stale."""
    found = session(ctx).admin.schedule(release_id, coming(when) or when)
    _dated(found, as_json)
    if not as_json and not found["forecast"]["allowed"]:
        show.note("If nothing else happens until then, the policy will not let it in:")
        decision(found["forecast"])


def unschedule(ctx: typer.Context, release_id: Id, as_json: AsJson = False) -> None:
    """Take the moment back: the release waits for people again."""
    _dated(session(ctx).admin.unschedule(release_id), as_json)


def decline(ctx: typer.Context, release_id: Id, reason: Reason = "", as_json: AsJson = False) -> None:
    """End a proposed release with a no."""
    _ended(session(ctx).admin.decline(release_id, reason), as_json)


def withdraw(ctx: typer.Context, release_id: Id, reason: Reason = "", as_json: AsJson = False) -> None:
    """Take your own proposal back."""
    _ended(session(ctx).admin.withdraw(release_id, reason), as_json)


def comment(ctx: typer.Context, release_id: Id, message: Said, as_json: AsJson = False) -> None:
    """Say something about a release."""
    found = session(ctx).admin.comment(release_id, message)
    if as_json:
        show.write_json(found)
        return
    for said in found["comments"]:
        show.say(f"{said['author']}, {show.moment(said['at'])}: {said['text']}")


def rebase(ctx: typer.Context, release_id: Id, as_json: AsJson = False) -> None:
    """Take a stale release up again, over what is live now. Who approved it sees what changed since."""
    admin = session(ctx).admin
    _report(admin, admin.rebase(release_id), as_json)


def revise(ctx: typer.Context, release_id: Id, names: Items, as_json: AsJson = False) -> None:
    """Ask again for a release of yours with other versions, or with further prompts; the old one ends."""
    admin = session(ctx).admin
    _report(admin, admin.rebase(release_id, [item(name) for name in names]), as_json)


def release(
    ctx: typer.Context, release_id: Id, following: Follow = False, for_s: FollowFor = 900, as_json: AsJson = False
) -> None:
    """Show a release as it stands now: its difference, the rules, who approved, what was said, and what to type next.

    With --follow: how it arrives at the running clients, until all of them hold it; exit code 8 when some do not in time.
    """
    admin = session(ctx).admin
    if following:
        if not follow(admin, release_id, for_s):
            raise typer.Exit(UNAVAILABLE)
        return
    found, diffs = admin.get_release(str(release_id)), admin.diff_release(release_id)
    if as_json:
        show.write_json(found | {"diff": list(diffs)})
        return
    reviewing.print_release(admin, found, diffs)


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


def _dated(found: Json, as_json: bool) -> None:
    if as_json:
        show.write_json(found)
        return
    show.say(f"Release {found['id']} to {found['environment']} is {found['state']}{due(found)}.")


def _ended(found: Json, as_json: bool) -> None:
    if as_json:
        show.write_json(found)
        return
    show.say(f"Release {found['id']} was {found['state']}.")


def _report(admin: AdminClient, made: Json, as_json: bool) -> None:
    """A proposal, and who goes on with it."""
    report(made, as_json)
    if as_json:
        return
    if made["rebases"]:
        show.say(f"It takes up release {made['rebases']}, which has ended.")
        if admin.get_release(str(made["rebases"]))["schedule"]:
            show.say(f"The moment was that one's: cuebook schedule {made['id']} WHEN names another.")
    reviewing.print_next(admin, admin.get_release(str(made["id"])))


def _asked(admin: AdminClient, release_id: int, meaning: str | None) -> str | None:
    """What an approval means: as it was given, as it was last time, or as somebody answers who has read the release."""
    found, me = admin.get_release(str(release_id)), admin.me()["person"]
    if found["state"] not in ("proposed", "approved"):
        return meaning  # the server says why not
    mine = next((since for since in found["since"] if since["person"] == me), None)
    if mine is not None:
        reviewing.print_since(found, mine)
    elif meaning is None:
        reviewing.print_release(admin, found, admin.diff_release(release_id))
    if meaning is not None or not reviewing.interactive():
        if meaning is None and mine is None:
            raise typer.BadParameter("Say what your approval means.", param_hint="-m")
        return meaning
    if mine is None:
        return str(typer.prompt("What does your approval mean"))
    typer.confirm(f"Approve again ({show.plain(mine['meaning'])})?", abort=True)
    return None
