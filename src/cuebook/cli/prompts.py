"""save, check, get, render, log, diff, search: prompts and their versions."""

from __future__ import annotations

import json
import sys
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from cuebook import files, wire
from cuebook._names import checked_name
from cuebook.admin import Json
from cuebook.cli import changes, checking, show
from cuebook.cli.arguments import AsJson, Name, NewVersion, OldVersion, complete_versions
from cuebook.cli.session import Session, session
from cuebook.errors import Invalid

WHOLE_SUFFIXES = (".prompt.md", ".yaml", ".yml", ".json")
Version = Annotated[
    str | None,
    typer.Option(
        "--version",
        help="A number, `latest` (what is meant without it), or an environment's name. By key: `stable`, `latest`, a number.",
        autocompletion=complete_versions,
    ),
]


def save(
    ctx: typer.Context,
    name: Name,
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="The prompt's file, or - for stdin.")],
    message: Annotated[str, typer.Option("-m", "--message", help="What changed.")] = "",
    base: Annotated[
        int | None, typer.Option(min=0, help="The number you started from: refused when it is not the newest.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Save a version. The same content as the newest version gives that version back.

    FILE ending in .yaml, .yml or .json holds the whole content, .prompt.md front matter and text; anything else, and stdin,
    is the text exactly. What is worth a look in it is said on stderr, as `cuebook check` says it beforehand; on a terminal you
    are asked before something that looks like a secret is saved.
    """
    admin = session(ctx).admin
    prompt = read_prompt(name, file)
    if sys.stdin.isatty():
        checking.ask(prompt.content, admin.check(name, prompt.content)["findings"])
    saved = admin.save(name, prompt.content, message=message, base=base)
    if prompt.description or prompt.owner or prompt.tags or prompt.aliases:
        admin.describe(
            name,
            description=prompt.description or None,
            owner=prompt.owner or None,
            tags=prompt.tags or None,
            aliases=prompt.aliases or None,
        )
    if as_json:
        show.write_json(saved)
        return
    what = "is" if saved["created"] else "already was"
    checking.warn(prompt.content, saved.get("findings", ()))
    # Environments that track the newest version serve it now; the numbers beside their names are their revisions.
    serving = ", ".join(saved["environments"]) if saved["created"] else ""
    show.say(f"{name} {what} version {saved['number']}" + (f", live in {serving}" if serving else ""))


def check(
    ctx: typer.Context,
    name: Name,
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="The prompt's file, or - for stdin.")],
    strict: Annotated[bool, typer.Option("--strict", help="End with 1 for any finding.")] = False,
    as_json: AsJson = False,
) -> None:
    """Look at a draft before it is saved: what is worth a look, where, how many tokens, what a call costs. Saves nothing.

    Ends with 1 when something looks like a secret.
    """
    prompt = read_prompt(name, file)
    found = session(ctx).admin.check(name, prompt.content)
    if as_json:
        show.write_json(found)
    else:
        checking.print_check(prompt.content, found)
    if any(strict or finding["confirm"] for finding in found["findings"]):
        raise typer.Exit(1)


def get(ctx: typer.Context, name: Name, version: Version = None, as_json: AsJson = False) -> None:
    """Print a prompt: of a text prompt the text and a newline, nothing else.

    With a token, the newest version; with only a key (CUEBOOK_KEY), what the key's environment serves.
    """
    found, served = _served(session(ctx), name, version)
    if as_json:
        show.write_json(found)
    else:
        _print(served)


def render(
    ctx: typer.Context,
    name: Name,
    variables: Annotated[
        list[str] | None, typer.Option("-v", metavar="K=V", help="A value as a string; K:=JSON for any other type. Repeatable.")
    ] = None,
    vars_file: Annotated[str | None, typer.Option("--vars", metavar="FILE|-", help="Values as a JSON or YAML mapping.")] = None,
    version: Version = None,
    as_json: AsJson = False,
) -> None:
    """Fill in a prompt's variables and print the result: of a text prompt the text and a newline, nothing else."""
    values = _mapping_file(vars_file) if vars_file else {}
    values |= dict(map(_assignment, variables or ()))
    with_key = session(ctx).delivery
    if with_key:
        rendered = with_key.render(name, values, version)
    else:
        rendered = session(ctx).admin.render(name, values, version or "latest")
    if as_json:
        show.write_json(rendered)
        return
    if ignored := rendered.get("receipt", {}).get("ignored"):
        show.note(f"Not declared, so not used: {', '.join(ignored)}.")
    _print(rendered)


def log(
    ctx: typer.Context,
    name: Name,
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, help="How many versions at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List a prompt's versions, newest first, with what is live where."""
    admin = session(ctx).admin
    places = admin.prompt(name)["live"]
    versions = list(islice(admin.versions(name), limit))
    if as_json:
        show.write_json({"items": versions, "live": places})
        return
    columns = ("version", "live in", "when", "author", "message", "digest")
    show.table(columns, (_log_row(version, places) for version in versions))


def diff(ctx: typer.Context, name: Name, old: OldVersion, new: NewVersion, as_json: AsJson = False) -> None:
    """Show what changed between two versions, by words: numbers, `latest`, or environments' names."""
    found = session(ctx).admin.diff(name, old, new)
    if as_json:
        show.write_json(found)
    else:
        changes.print_diff(name, found)


def search(
    ctx: typer.Context,
    query: Annotated[list[str], typer.Argument(metavar="WORDS", help="What to look for.")],
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, max=500, help="How many prompts at most.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Find prompts by name, description, tags, or the text of any version."""
    hits = session(ctx).admin.search(" ".join(query), limit=limit)
    if as_json:
        show.write_json({"items": hits})
        return
    rows = ((hit["prompt"], hit["version"] or None, show.live(hit["live"]), _one_line(hit["snippet"])) for hit in hits)
    show.table(("prompt", "version", "live in", "found"), rows)


def read_prompt(name: str, file: str) -> files.PromptFile:
    """A prompt's file, or stdin: all of its content, or its text exactly."""
    checked_name(name)  # before anything is read
    path = Path(file)
    data = _stdin() if file == "-" else files.read_bytes(path, path.parent)
    if file != "-" and path.name.endswith(WHOLE_SUFFIXES):
        return files.parse(data, name=name, filename=path.name)
    try:
        return files.PromptFile(name, {"kind": "text", "engine": "simple", "text": data.decode("utf-8")})
    except UnicodeDecodeError as error:
        raise Invalid(f"{file} is not UTF-8 (byte {error.start}).") from None


def _stdin() -> bytes:
    data = sys.stdin.buffer.read(files.FILE_BYTES_MAX + 1)
    if len(data) > files.FILE_BYTES_MAX:
        raise Invalid(f"stdin has more than {files.FILE_BYTES_MAX} bytes.")
    return data


def _served(current: Session, name: str, version: str | None) -> tuple[Json, Json]:
    """The answer, and the part of it that an application would get."""
    if current.delivery:
        found = current.delivery.get(name, version)
        return found, found
    found = current.admin.version(name, version or "latest")
    return found, found.get("served") or found["content"]


def _print(prompt: Json) -> None:
    if isinstance(prompt.get("text"), str):
        show.write_text(prompt["text"])
        return
    blocks = [
        f"[{m['role']}]\n{_content(m['content'])}" if "role" in m else f"[{m['placeholder']} ...]" for m in prompt["messages"]
    ]
    show.write_text("\n\n".join(blocks))


def _content(content: Any) -> str:
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, indent=2)


def _assignment(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name.removesuffix(":"):
        raise typer.BadParameter(f"{text!r} is not K=V.", param_hint="-v")
    if not name.endswith(":"):
        return name, value
    try:
        return name[:-1], json.loads(value)
    except ValueError:
        raise typer.BadParameter(f"{value!r} is no JSON.", param_hint="-v") from None


def _mapping_file(file: str) -> dict[str, Any]:
    path = Path(file)
    data = _stdin() if file == "-" else files.read_bytes(path, path.parent)
    try:
        values = _json_or_yaml(data)
    except ValueError as error:
        raise Invalid(f"{file} cannot be read: {error}.") from None
    if not isinstance(values, dict):
        raise Invalid(f"{file} does not hold a mapping from names to values.")
    return values


def _json_or_yaml(data: bytes) -> Any:
    # YAML reads most JSON, but not what JSON escapes in pairs, such as an emoji.
    try:
        return wire.loads(data)
    except wire.WireError:
        if data.lstrip().startswith(b"{"):
            raise
    return files.load_yaml(data.decode("utf-8"))


def _log_row(version: Json, places: dict[str, int | None]) -> tuple[Any, ...]:
    origin = (version.get("provenance") or {}).get("author")
    author = f"{origin} (by {version['author']})" if origin else version["author"]
    message, number = show.first_line(version["message"]), version["number"]
    return number, show.live(places, number), show.moment(version["created_at"]), author, message, version["digest"][7:19]


def _one_line(snippet: str) -> str:
    return show.first_line(" ".join(snippet.split()), 120)
