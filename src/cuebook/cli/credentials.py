"""keys and tokens: who may read what an environment serves, and who may manage the project."""

from __future__ import annotations

from typing import Annotated

import typer

from cuebook.admin import Json
from cuebook.cli import show
from cuebook.cli.arguments import AsJson
from cuebook.cli.moments import seconds
from cuebook.cli.session import session

keys = typer.Typer(no_args_is_help=True, help="Delivery keys: each reads what one environment serves.")
tokens = typer.Typer(no_args_is_help=True, help="Management tokens, for people and CI.")
Which = Annotated[str, typer.Argument(metavar="SELECTOR", help="Its selector, as `list` shows it.")]
Everywhere = Annotated[bool, typer.Option("--everywhere", help="Those of the whole server, instead of this project's.")]
Expires = Annotated[str | None, typer.Option(metavar="SPAN", help="How long it counts: 90d, 12h, 30m.")]


@keys.command("create")
def create_key(
    ctx: typer.Context,
    environment: Annotated[str | None, typer.Argument(metavar="ENV", help="The environment; none for a relay's key.")] = None,
    name: Annotated[str, typer.Option(help="Who uses it.")] = "command line",
    relay: Annotated[
        list[str] | None, typer.Option(metavar="ENV", help="Make a relay's key, for this environment. Repeatable.")
    ] = None,
    expires: Expires = None,
    network: Annotated[list[str] | None, typer.Option(metavar="CIDR", help="Where it may be used from. Repeatable.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it: it is shown this once."""
    made = session(ctx).admin.create_key(
        environment, name, relays=relay or None, expires_in_s=seconds(expires) if expires else None, networks=network or None
    )
    _secret(made, "key", as_json)


@keys.command("list")
def list_keys(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the keys, without their secrets."""
    found = session(ctx).admin.keys()
    if as_json:
        show.write_json({"items": found})
        return
    columns = ("selector", "environment", "name", "state", "last used", "expires", "networks")
    show.table(columns, map(_key_row, found))


@keys.command("rotate")
def rotate_key(
    ctx: typer.Context,
    selector: Which,
    overlap: Annotated[str, typer.Option(metavar="SPAN", help="How long the old key counts beside the new one.")] = "24h",
    as_json: AsJson = False,
) -> None:
    """Make a key's successor and print it; the old one counts until the overlap has passed."""
    _secret(session(ctx).admin.rotate_key(_selector(selector), seconds(overlap)), "key", as_json)


@keys.command("revoke")
def revoke_key(ctx: typer.Context, selector: Which, as_json: AsJson = False) -> None:
    """End a key now."""
    _ended(session(ctx).admin.revoke_key(_selector(selector)), as_json)


@tokens.command("create")
def create_token(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Who uses it.")],
    role: Annotated[str, typer.Option(help="viewer, author, reviewer, releaser or admin; no more than your own.")] = "viewer",
    expires: Expires = None,
    scope: Annotated[list[str] | None, typer.Option(metavar="PERMISSION", help="Narrow it to this. Repeatable.")] = None,
    mine: Annotated[bool, typer.Option("--mine", help="A token of your own with your rights, instead of a service's.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a token and print it: it is shown this once."""
    admin, life = session(ctx).admin, seconds(expires) if expires else None
    if mine:
        made = admin.create_my_token(name, scopes=scope or None, expires_in_s=life)
    else:
        made = admin.create_token(name, role, scopes=scope or None, expires_in_s=life)
    _secret(made, "token", as_json)


@tokens.command("list")
def list_tokens(ctx: typer.Context, everywhere: Everywhere = False, as_json: AsJson = False) -> None:
    """List the tokens, without their secrets."""
    found = session(ctx).admin.tokens(everywhere=everywhere)
    if as_json:
        show.write_json({"items": found})
        return
    rows = ((t["selector"], t["name"], t["role"], _state(t), show.moment(t["expires_at"])) for t in found)
    show.table(("selector", "name", "role", "state", "expires"), rows)


@tokens.command("revoke")
def revoke_token(ctx: typer.Context, selector: Which, everywhere: Everywhere = False, as_json: AsJson = False) -> None:
    """End a token now."""
    _ended(session(ctx).admin.revoke_token(_selector(selector), everywhere=everywhere), as_json)


def _secret(made: Json, field: str, as_json: bool) -> None:
    """The secret alone on stdout, so that a script can take it; the rest beside it."""
    if as_json:
        show.write_json(made)
        return
    show.note(f"Keep it now: it is not shown again. Its selector is {made['selector']}.")
    show.write_text(made[field])


def _ended(credential: Json, as_json: bool) -> None:
    if as_json:
        show.write_json(credential)
    else:
        show.say(f"{credential['name']} ({credential['selector']}) no longer counts.")


def _selector(text: str) -> str:
    """The selector, also out of a whole key that somebody pasted: a secret never goes into a URL."""
    parts = text.split("_")
    return parts[2] if len(parts) == 5 and parts[0] == "cue" else text


def _key_row(key: Json) -> tuple[str | None, ...]:
    networks = ", ".join(key["networks"]) or None
    used, expires = show.moment(key["last_used_at"]), show.moment(key["expires_at"])
    return key["selector"], ", ".join(key["relays"]) or key["environment"], key["name"], _state(key), used, expires, networks


def _state(credential: Json) -> str:
    if credential["revoked_at"]:
        return "revoked"
    return f"replaced by {credential['replaced_by']}" if credential.get("replaced_by") else "counts"
