"""import and export: prompts from elsewhere, and prompts as files."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from cuebook import canonical, files
from cuebook.admin import IMPORT_ITEMS_MAX, AdminClient, Json
from cuebook.cli import show
from cuebook.cli.arguments import AsJson, complete_versions
from cuebook.cli.failures import EXIT_CODES
from cuebook.cli.session import session
from cuebook.errors import Invalid
from cuebook.importing import Item, Options, Problem, Read, read

BATCH_BYTES_MAX = 8 * 1024 * 1024
ROWS_SHOWN_MAX = 50
REFUSED = EXIT_CODES[Invalid]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one thing of the source."""

    status: str
    where: str
    name: str = ""
    version: int | None = None
    digest: str | None = None
    reason: str = ""
    code: str = ""

    def to_json(self) -> Json:
        """As JSON, without what is not known."""
        values = {field: getattr(self, field) for field in self.__slots__}
        return {key: value for key, value in values.items() if value not in ("", None)}


def import_(
    ctx: typer.Context,
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="A folder, Git repository, bundle, table or export.")],
    name: Annotated[str | None, typer.Option("--name", metavar="COLUMN", help="A table's column with the names.")] = None,
    text: Annotated[str | None, typer.Option("--text", metavar="COLUMN", help="A table's column with the texts.")] = None,
    literal: Annotated[bool, typer.Option("--literal", help="The texts are no templates: braces stay braces.")] = False,
    prefix: Annotated[str, typer.Option(help="A folder for the imported names, such as `team.area`.")] = "",
    match: Annotated[
        str | None, typer.Option(metavar="PATTERN", help="Only files whose path matches, such as `*/system.md`.")
    ] = None,
    history: Annotated[bool, typer.Option(help="Of a Git repository, import the history and not only the files.")] = True,
    as_json: AsJson = False,
) -> None:
    """Import prompts: files, CSV, JSON lines, a Git history, a Langfuse export. Importing again changes nothing.

    No pinned environment moves. What cannot be taken is reported with its place and reason, and the rest goes in.
    """
    options = Options(
        name_column=name, text_column=text, literal=literal, prefix=prefix.rstrip("."), match=match, history=history
    )
    admin = session(ctx).admin
    with show.progress("reading") as bar:
        found = list(read(source, options))
        task = bar.task_ids[0]
        bar.update(task, description="importing", total=len(found))
        outcomes = []
        for outcome in _outcomes(admin, found):
            outcomes.append(outcome)
            bar.advance(task)
    counts = Counter(outcome.status for outcome in outcomes)
    _report(outcomes, counts, as_json)
    if counts["refused"] and not counts["created"]:
        raise typer.Exit(REFUSED)


def export(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to; made when it is not there.")],
    prefix: Annotated[str | None, typer.Option(help="Only names that begin so.")] = None,
    version: Annotated[
        str, typer.Option("--version", help="`latest`, or what an environment serves.", autocompletion=complete_versions)
    ] = "latest",
    as_json: AsJson = False,
) -> None:
    """Write every prompt as a file that `import` takes again with the same digest.

    A text prompt becomes .prompt.md, a chat prompt .prompt.yaml. Files of prompts that are not exported stay.
    """
    admin = session(ctx).admin
    prompts = list(admin.prompts(prefix=prefix))
    wanted = [prompt for prompt in prompts if version == "latest" or prompt["live"].get(version) is not None]
    if not wanted and version != "latest":
        admin.environment(version)  # a name that is no environment is an error, not an empty export
    folder.mkdir(parents=True, exist_ok=True)
    written = [_write(admin, prompt, version, folder) for prompt in show.counted(wanted, "exporting", len(wanted))]
    if as_json:
        show.write_json({"items": written})
    else:
        show.say(f"{len(written)} prompts written to {folder}.")


def _outcomes(admin: AdminClient, found: Sequence[Read]) -> Iterator[Outcome]:
    """What becomes of each. A fragment may stand after a prompt that includes it: those are tried again."""
    items = [each for each in found if isinstance(each, Item)]
    yield from (Outcome(each.kind, each.where, reason=each.reason) for each in found if isinstance(each, Problem))
    while items:
        early = []
        for item, outcome in _sent(admin, items):
            # Of a file there is one version; trying one of a history again would put it out of order.
            if outcome.code == "fragment_missing" and item.provenance.get("source") == "file":
                early.append((item, outcome))
            else:
                yield outcome
        if len(early) == len(items):
            yield from (outcome for _, outcome in early)
            return
        items = [item for item, _ in early]


def _sent(admin: AdminClient, items: Sequence[Item]) -> Iterator[tuple[Item, Outcome]]:
    for batch in _batches(items):
        yield from _send(admin, batch)


def _send(admin: AdminClient, batch: Sequence[Item]) -> Iterator[tuple[Item, Outcome]]:
    """Send a batch. One the registry does not take as a whole is halved until the bad item stands alone."""
    try:
        answers = admin.import_items([item.to_json() for item in batch])
    except Invalid as error:
        if len(batch) == 1:
            yield batch[0], Outcome("refused", batch[0].where, batch[0].name, reason=error.detail, code=error.code)
            return
        half = len(batch) // 2
        yield from _send(admin, batch[:half])
        yield from _send(admin, batch[half:])
        return
    for item, answer in zip(batch, answers, strict=True):
        reason, code = answer.get("detail") or "", answer.get("code") or ""
        yield item, Outcome(answer["status"], item.where, item.name, answer["version"], answer["digest"], reason, code)


def _batches(items: Sequence[Item]) -> Iterator[list[Item]]:
    batch: list[Item] = []
    size = 0
    for item in items:
        weight = len(json.dumps(item.to_json()))
        if batch and (len(batch) == IMPORT_ITEMS_MAX or size + weight > BATCH_BYTES_MAX):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += weight
    if batch:
        yield batch


def _report(outcomes: Sequence[Outcome], counts: Counter[str], as_json: bool) -> None:
    summary = {status: counts[status] for status in ("created", "unchanged", "refused", "skipped")}
    if as_json:
        show.write_json({"summary": summary, "items": [outcome.to_json() for outcome in outcomes]})
        return
    told = [outcome for outcome in outcomes if outcome.reason]
    told.sort(key=lambda outcome: outcome.status)
    if told:
        show.table(("", "where", "reason"), ((o.status, o.where, o.reason) for o in told[:ROWS_SHOWN_MAX]))
    if len(told) > ROWS_SHOWN_MAX:
        show.say(f"... and {len(told) - ROWS_SHOWN_MAX} more: --json lists them all.")
    show.say(", ".join(f"{count} {status}" for status, count in summary.items() if count or status != "skipped"))


def _write(admin: AdminClient, prompt: Json, version: str, folder: Path) -> Json:
    """One prompt as a file, read back from the disk: its digest is that of the version."""
    found = admin.version(prompt["name"], version)
    said: dict[str, Any] = {"description": prompt["description"], "owner": prompt["owner"]}
    file = files.PromptFile(
        prompt["name"], found["content"], **said, tags=tuple(prompt["tags"]), aliases=tuple(prompt["aliases"])
    )
    path = files.write_file(file, folder)
    written = files.read_file(path, folder)
    digest = f"sha256:{hashlib.sha256(canonical.dumps(dict(written.content))).hexdigest()}"
    if digest != found["digest"]:
        raise files.BadFile(path, f"what was written has another digest than version {found['number']}")
    return {"name": prompt["name"], "version": found["number"], "digest": digest, "path": path.relative_to(folder).as_posix()}
