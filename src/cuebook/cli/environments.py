"""env: the environments of the project and their rules."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from cuebook.admin import Json
from cuebook.cli import show
from cuebook.cli.arguments import AsJson, Environment, Reason
from cuebook.cli.releases import report
from cuebook.cli.session import session

app = typer.Typer(no_args_is_help=True, help="Environments and their rules.")
Rules = Annotated[
    list[str] | None,
    typer.Argument(metavar="RULE=VALUE", help="A rule of docs/reference/policy.md; VALUE as JSON or a word."),
]
Propose = Annotated[bool, typer.Option("--propose", help="Ask for the change as a release that others approve.")]
Position = Annotated[int | None, typer.Option(min=0, help="Its place in the order.")]


@app.command("list")
def list_(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the environments in their order."""
    found = session(ctx).admin.environments()
    if as_json:
        show.write_json({"items": found})
        return
    columns = ("environment", "kind", "serves", "comes from", "revision")
    show.table(columns, ((e["name"], e["kind"], _serves(e), e["policy"].get("comes_from"), e["revision"]) for e in found))


@app.command("show")
def show_(ctx: typer.Context, environment: Environment, as_json: AsJson = False) -> None:
    """Show one environment with its rules."""
    _print(session(ctx).admin.environment(environment), as_json)


@app.command()
def create(
    ctx: typer.Context,
    environment: Annotated[str, typer.Argument(metavar="ENV", help="The new environment's name.")],
    rules: Rules = None,
    kind: Annotated[str, typer.Option(help="dev, stg, prd or other; it stands in its keys.")] = "other",
    position: Position = None,
    tracks_latest: Annotated[
        bool, typer.Option("--tracks-latest", help="It serves every save at once, without releases.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make an environment."""
    policy = dict(map(_rule, rules or ()))
    made = session(ctx).admin.create_environment(
        environment, kind, position=position, tracks_latest=tracks_latest, policy=policy or None
    )
    _print(made, as_json)


@app.command("set")
def set_(
    ctx: typer.Context,
    environment: Environment,
    rules: Rules = None,
    position: Position = None,
    propose: Propose = False,
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Change an environment's rules or its place; what is left out stays.

    Where the environment asks for approvals, a change of its rules asks for them too: --propose it.
    """
    policy = dict(map(_rule, rules or ()))
    if propose:
        release = session(ctx).admin.release(environment, (), kind="policy", reason=reason, policy=policy, propose=True)
        report(release, as_json)
        return
    if not policy and position is None:
        raise typer.BadParameter("Name a RULE=VALUE or a --position.")
    _print(session(ctx).admin.change_environment(environment, policy=policy or None, position=position), as_json)


@app.command()
def preset(
    ctx: typer.Context,
    environment: Environment,
    name: Annotated[str, typer.Argument(metavar="PRESET", help="solo, team or regulated.")],
    propose: Propose = False,
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Make an environment as strict as a preset."""
    admin = session(ctx).admin
    if propose:
        report(admin.release(environment, (), kind="policy", reason=reason, preset=name, propose=True), as_json)
        return
    _print(admin.adopt_preset(environment, name), as_json)


def _rule(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise typer.BadParameter(f"{text!r} is not RULE=VALUE.", param_hint="RULE=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value  # a word, such as an environment's name


def _print(environment: Json, as_json: bool) -> None:
    if as_json:
        show.write_json(environment)
        return
    rows = [("kind", environment["kind"]), ("serves", _serves(environment)), ("position", environment["position"])]
    rows += [
        ("revision", environment["revision"]),
        ("preset", environment["preset"]),
        *((rule, json.dumps(value)) for rule, value in environment["policy"].items()),
    ]
    show.table((environment["name"], ""), rows)


def _serves(environment: Json) -> str:
    return "the latest versions" if environment["tracks_latest"] else "what was released"
