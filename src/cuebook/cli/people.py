"""login, logout, whoami; people and members: who may do what."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cuebook._transport import base_url
from cuebook.admin import AdminClient, Json
from cuebook.cli import logins, show
from cuebook.cli.arguments import AsJson
from cuebook.cli.beside import Data, Database, server
from cuebook.cli.session import HOW, session
from cuebook.errors import Invalid, Misconfigured

people = typer.Typer(no_args_is_help=True, help="People with an account on this server.")
members = typer.Typer(no_args_is_help=True, help="Who may do what in the project.")
Login = Annotated[str, typer.Argument(metavar="LOGIN", help="Their login, written like an e-mail address.")]
Where = Annotated[str | None, typer.Option("--env", metavar="ENV", help="In this environment only.")]
Role = Annotated[str, typer.Option(help="viewer, author, reviewer, releaser, on-call or admin; no more than your own.")]


def login(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="LOGIN", help="Your login, written like an e-mail address.")],
) -> None:
    """Sign in: the session counts as a fresh sign-in for 15 minutes, and ends after 12 hours without use.

    The password is asked for, or read from standard input.
    """
    url = session(ctx).settings.url
    if not url:
        raise Misconfigured("The server is not known.", hint="Name it: `cuebook --url https://... login LOGIN`.")
    with AdminClient(url, "", "") as client:
        token = client.sign_in(name, _password())
    logins.keep(base_url(url), token)
    show.say(f"Signed in at {url} as {name}.")


def logout(ctx: typer.Context) -> None:
    """End the session that `login` began."""
    url = base_url(session(ctx).settings.url) if session(ctx).settings.url else ""
    token = logins.token(url)
    if not token:
        raise Misconfigured("You are not signed in.", hint="`cuebook login LOGIN` signs in.")
    try:
        with AdminClient(url, token, "") as client:
            client.end_session("current")
    finally:
        logins.forget(url)
    show.say(f"Signed out of {url}.")


def whoami(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Say who the command line is, and what it may do."""
    settings = session(ctx).settings
    if not settings.url or not settings.token:
        raise Misconfigured("You are not signed in.", hint=HOW)
    with AdminClient(settings.url, settings.token, "") as client:
        me = client.me()
    if as_json:
        show.write_json(me)
        return
    show.say(me["principal"] if me["person"] else f"{me['principal']} (a service token)")
    show.table(
        ("role", "project", "environment"),
        ((g["role"], g["project"] or "all", g["environment"] or "all") for g in me["grants"]),
    )


@people.command("list")
def list_people(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List every account; for admins of the whole server."""
    found = session(ctx).admin.people()
    if as_json:
        show.write_json({"items": found})
        return
    rows = ((p["login"], p["name"], _grants(p), "disabled" if p["disabled_at"] else "counts") for p in found)
    show.table(("login", "name", "roles", "state"), rows)


@people.command("invite")
def invite(
    ctx: typer.Context,
    login: Login,
    role: Role = "viewer",
    env: Where = None,
    everywhere: Annotated[bool, typer.Option("--everywhere", help="In every project, instead of this one.")] = False,
    as_json: AsJson = False,
) -> None:
    """Invite somebody, and print the link to hand over: it is shown this once and counts once, for seven days."""
    admin = session(ctx).admin
    made = admin.invite(login, [{"role": role, "project": None if everywhere else admin.project, "environment": env}])
    if as_json:
        show.write_json(made)
        return
    show.note(f"Hand it over yourself: it is not shown again. It ends {show.moment(made['expires_at'])}.")
    show.write_text(f"{session(ctx).settings.url.rstrip('/')}/invitation#{made['secret']}")


@people.command("invitations")
def list_invitations(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the invitations that nobody has taken up yet: those that you may make, and take back."""
    found = session(ctx).admin.invitations()
    if as_json:
        show.write_json({"items": found})
        return
    rows = ((i["id"], i["login"], _grants(i), i["invited_by"], show.moment(i["expires_at"]), _counts(i)) for i in found)
    show.table(("id", "login", "roles", "invited by", "ends", "state"), rows)


@people.command("withdraw")
def withdraw(
    ctx: typer.Context,
    invitation: Annotated[str, typer.Argument(metavar="ID", help="Its id, as `invitations` shows it.")],
    as_json: AsJson = False,
) -> None:
    """Take an invitation back: its link counts no more."""
    taken = session(ctx).admin.withdraw_invitation(invitation)
    if as_json:
        show.write_json(taken)
    else:
        show.say(f"The invitation of {taken['login']} counts no more.")


@people.command("grant")
def grant(ctx: typer.Context, login: Login, role: Role = "viewer", env: Where = None, as_json: AsJson = False) -> None:
    """Give somebody a role in every project; `--role admin` is the whole server's."""
    _account(session(ctx).admin.give_role(login, role, environment=env), f"is {role} in {_everywhere(env)}", as_json)


@people.command("revoke")
def revoke(ctx: typer.Context, login: Login, role: Role = "viewer", env: Where = None, as_json: AsJson = False) -> None:
    """Take a role in every project away, at once."""
    _account(session(ctx).admin.take_role(login, role, environment=env), f"is {role} in {_everywhere(env)} no more", as_json)


@people.command("disable")
def disable(ctx: typer.Context, login: Login, as_json: AsJson = False) -> None:
    """End what somebody may do, at once: sessions and tokens included."""
    _account(session(ctx).admin.disable(login), "may do nothing any more", as_json)


@people.command("enable")
def enable(ctx: typer.Context, login: Login, as_json: AsJson = False) -> None:
    """Let somebody sign in again."""
    _account(session(ctx).admin.enable(login), "may sign in again", as_json)


@people.command("reset-link")
def reset_link(
    login: Login,
    data: Data = None,
    database: Database = None,
) -> None:
    """Print a link to a new password. Works beside the database only: no call over the network resets a password."""
    raise typer.Exit(server("cuebook_server.cli.people").reset_link(login, data=data, database=database))


@members.command("list")
def list_members(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List who may do what in the project."""
    found = session(ctx).admin.members()
    if as_json:
        show.write_json({"items": found})
        return
    rows = (
        (m["login"], m["name"], m["role"], m["environment"] or "all", "every project" if m["everywhere"] else "this project")
        for m in found
    )
    show.table(("login", "name", "role", "environment", "where"), rows)


@members.command("add")
def add_member(ctx: typer.Context, login: Login, role: Role = "viewer", env: Where = None, as_json: AsJson = False) -> None:
    """Give somebody with an account a role in the project, or in one environment of it."""
    made = session(ctx).admin.add_member(login, role, environment=env)
    if as_json:
        show.write_json(made)
    else:
        show.say(f"{login} is {role} in {env or 'the project'}.")


@members.command("remove")
def remove_member(ctx: typer.Context, login: Login, role: Role = "viewer", env: Where = None, as_json: AsJson = False) -> None:
    """Take a role in the project away, at once."""
    left = session(ctx).admin.remove_member(login, role, environment=env)
    if as_json:
        show.write_json({"items": left})
    else:
        show.say(f"{login} is {role} in {env or 'the project'} no more.")


def _password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True))
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise Invalid("There is no password on standard input.")
    return password


def _grants(person: Json) -> str:
    places = ((grant["role"], grant["project"] or "all", grant["environment"]) for grant in person["grants"])
    return ", ".join(f"{role} in {project}" + (f" ({place})" if place else "") for role, project, place in places)


def _counts(invitation: Json) -> str:
    return "counts" if invitation["counts"] else "counts no more: who invited lost the right to"


def _everywhere(env: str | None) -> str:
    return f"{env} of every project" if env else "every project"


def _account(person: Json, what: str, as_json: bool) -> None:
    if as_json:
        show.write_json(person)
    else:
        show.say(f"{person['login']} {what}.")
