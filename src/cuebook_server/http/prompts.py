"""Prompts and versions over HTTP."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field

from cuebook.rendering import compile as compile_prompt
from cuebook.template import TemplateError
from cuebook_server.domain.errors import BadVariables
from cuebook_server.domain.prompt import Provenance, Saved, Version
from cuebook_server.http.checking import FindingShown, show_findings
from cuebook_server.http.door import Before, Body, Limit, Route, Shown, Through, responses
from cuebook_server.services import checking, imports, prompts
from cuebook_server.services.ports import NUMBER_MAX, Hit, PromptRow, VersionRow

router = APIRouter(prefix="/projects/{project}", tags=["prompts"], route_class=Route)


class ProvenanceIn(Body):
    """Where a version came from; stands beside its content, outside the digest."""

    source: Annotated[str, Field(max_length=200)]
    author: Annotated[str | None, Field(max_length=500)] = None
    authored_at: Annotated[str | None, Field(max_length=64)] = None
    commit: Annotated[str | None, Field(max_length=64)] = None
    path: Annotated[str | None, Field(max_length=1_000)] = None
    run: Annotated[str | None, Field(max_length=1_000)] = None
    tool: Annotated[str | None, Field(max_length=200)] = None


class SaveIn(Body):
    """A version to save. ``base`` is the number you started from: if it is no longer the newest, you get both sides."""

    content: Any
    message: str = ""
    base: Annotated[int | None, Field(ge=0, le=NUMBER_MAX)] = None
    provenance: ProvenanceIn | None = None


class VersionListed(Shown):
    """A version without its content."""

    prompt: str
    number: int
    digest: str
    author: str
    message: str
    created_at: datetime
    provenance: dict[str, Any] | None


class VersionShown(VersionListed):
    """A version. ``text`` and ``messages`` of ``served`` have the fragments flattened in."""

    content: dict[str, Any]
    served: dict[str, Any]


class SavedShown(VersionShown):
    """What a save did: ``created`` is false when the newest version already was this; ``environments`` serve it now.

    ``findings``: what is worth a look in the draft by itself; a check says it beforehand, with its fragments.
    """

    created: bool
    environments: dict[str, int]
    findings: list[FindingShown]


class VersionsShown(Shown):
    """A page of versions, newest first."""

    items: list[VersionListed]
    next: str | None


class StayShown(Shown):
    """Where a version is or was live: first and last since when, until when (null: it is live there now), how many times."""

    number: int
    environment: str
    first_at: datetime
    last_at: datetime
    until: datetime | None
    times: int


class StaysShown(Shown):
    """Where a page of versions is or was live, newest first."""

    items: list[StayShown]
    next: str | None


class PromptShown(Shown):
    """A prompt, with what is live where."""

    name: str
    latest: int
    description: str
    owner: str
    tags: list[str]
    aliases: list[str]
    created_at: datetime
    live: dict[str, int | None]


class PromptsShown(Shown):
    """A page of prompts, by name."""

    items: list[PromptShown]
    next: str | None


class DescribeIn(Body):
    """What to change about a prompt; what is left out stays."""

    description: str = ""
    owner: str = ""
    tags: list[str] = Field(default_factory=list)
    aliases: list[str] = Field(default_factory=list)


class DiffShown(Shown):
    """Two versions compared: prose by words, the rest by fields, and in plain words."""

    old: VersionListed = Field(alias="from")
    new: VersionListed = Field(alias="to")
    same: bool
    prose: list[dict[str, Any]]
    fields: list[dict[str, Any]]
    summary: list[str]
    breaking: list[dict[str, str]]


class DependentShown(Shown):
    """A prompt whose newest version includes this one."""

    prompt: str
    version: int
    locked: int


class DependentsShown(Shown):
    """Who includes this prompt."""

    items: list[DependentShown]
    next: str | None = None


class HitShown(Shown):
    """A found prompt. Version 0 means its name, description, owner or tags."""

    prompt: str
    version: int
    snippet: str
    live: dict[str, int | None]


class HitsShown(Shown):
    """What a search found."""

    items: list[HitShown]
    next: str | None = None


class RenderIn(Body):
    """Values to try a version with. ``version`` is a number, ``latest`` or an environment's name."""

    variables: dict[str, Any] = Field(default_factory=dict)
    version: str | int = "latest"


class RenderShown(Shown):
    """What the version gives with these values."""

    text: str | None = None
    messages: list[dict[str, Any]] | None = None
    model: dict[str, Any] | None
    tools: list[dict[str, Any]]
    response_format: dict[str, Any] | None
    receipt: dict[str, Any]


class ImportItem(Body):
    """One thing to import; the same ``import_key`` never goes in twice."""

    name: str
    content: Any
    message: str = ""
    import_key: Annotated[str | None, Field(max_length=500)] = None
    provenance: ProvenanceIn | None = None
    description: str | None = None
    owner: str | None = None
    tags: list[str] | None = None


class ImportIn(Body):
    """Up to 100 things to import in one transaction."""

    items: list[ImportItem]


class ImportedShown(Shown):
    """What became of one thing."""

    name: str
    status: str
    version: int | None
    digest: str | None
    code: str | None = None
    detail: str | None = None


class ImportsShown(Shown):
    """What became of each, in order."""

    items: list[ImportedShown]
    next: str | None = None


@router.get("/prompts")
def list_prompts(
    project: str, door: Through, *, prefix: str = "", tag: str = "", owner: str = "", after: str = "", limit: Limit = 100
) -> PromptsShown:
    """List prompts by name: of a folder, with a tag, of an owner."""
    rows = door.read(
        lambda actor, uow: prompts.listed(actor, uow, project, prefix=prefix, tag=tag, owner=owner, after=after, limit=limit)
    )
    return PromptsShown(items=[show_prompt(row) for row in rows], next=rows[-1].name if len(rows) == limit else None)


@router.get("/prompts/{name}")
def get_prompt(project: str, name: str, door: Through) -> PromptShown:
    """Show one prompt."""
    return show_prompt(door.read(lambda actor, uow: prompts.one(actor, uow, project, name)))


@router.patch("/prompts/{name}", response_model=PromptShown)
def describe_prompt(project: str, name: str, body: DescribeIn, door: Through) -> Response:
    """Change a prompt's description, owner, tags or aliases."""
    changes = {
        field: tuple(value) if isinstance(value, list) else value
        for field, value in body.model_dump(exclude_unset=True).items()
    }
    return door.write(lambda actor, uow: (200, show_prompt(prompts.describe(actor, uow, project, name, changes))))


@router.post("/prompts/{name}/versions", response_model=SavedShown, status_code=201, responses=responses(200, model=SavedShown))
def save_version(project: str, name: str, body: SaveIn, door: Through) -> Response:
    """Save a version: 201 for a new one, 200 when the newest already has this content."""
    draft = prompts.Draft(body.content, body.message, body.base, _provenance(body.provenance, None))
    found = show_findings(checking.findings(body.content, door.aids))  # before the transaction: it may take a while

    def use(saved: Saved) -> tuple[int, Shown]:
        shown = show_version(saved.version)
        return (201 if saved.created else 200), SavedShown(
            **shown.model_dump(), created=saved.created, environments=dict(saved.environments), findings=found
        )

    return door.write(lambda actor, uow: use(prompts.save(actor, uow, project, name, draft)))


@router.get("/prompts/{name}/versions")
def list_versions(project: str, name: str, door: Through, *, before: Before = NUMBER_MAX, limit: Limit = 100) -> VersionsShown:
    """List a prompt's versions, newest first."""
    rows = door.read(lambda actor, uow: prompts.versions(actor, uow, project, name, before=before, limit=limit))
    last = rows[-1].number if len(rows) == limit and rows[-1].number > 1 else None
    return VersionsShown(items=[list_version(row) for row in rows], next=str(last) if last else None)


@router.get("/prompts/{name}/stays")
def list_stays(project: str, name: str, door: Through, *, before: Before = NUMBER_MAX, limit: Limit = 100) -> StaysShown:
    """List where the prompt's versions are or were live, and when: newest first, as many versions as the list of them has."""
    rows, oldest = door.read(lambda actor, uow: prompts.stays(actor, uow, project, name, before=before, limit=limit))
    items = [StayShown.model_validate(asdict(row)) for row in rows]
    return StaysShown(items=items, next=str(oldest) if oldest > 1 else None)


@router.get("/prompts/{name}/versions/{which}")
def get_version(project: str, name: str, which: str, door: Through) -> VersionShown:
    """Show one version by number, `latest`, or what an environment serves."""
    return show_version(door.read(lambda actor, uow: prompts.version(actor, uow, project, name, which)))


@router.get("/prompts/{name}/diff", response_model=DiffShown)
def diff_versions(
    project: str, name: str, door: Through, *, old: Annotated[str, Query(alias="from")], new: Annotated[str, Query(alias="to")]
) -> Response:
    """Compare two versions, each by number, `latest`, or an environment's name."""
    shown = show_comparison(door.read(lambda actor, uow: prompts.compare(actor, uow, project, name, old, new)))
    return Response(shown.model_dump_json(by_alias=True), media_type="application/json")


@router.get("/prompts/{name}/dependents")
def list_dependents(project: str, name: str, door: Through) -> DependentsShown:
    """List the prompts whose newest version includes this one."""
    rows = door.read(lambda actor, uow: prompts.dependents(actor, uow, project, name))
    return DependentsShown(items=[DependentShown(prompt=row[0], version=row[1], locked=row[2]) for row in rows])


@router.post("/prompts/{name}/render")
def render_version(project: str, name: str, body: RenderIn, door: Through) -> RenderShown:
    """Try a version with values; changes nothing."""
    version = door.read(lambda actor, uow: prompts.version(actor, uow, project, name, str(body.version)))
    try:
        rendered = compile_prompt(version.served).render(body.variables)
    except TemplateError as error:
        raise BadVariables(str(error)) from None
    receipt = {"prompt": version.prompt, "version": version.number, "digest": version.digest, "environment": None}
    return RenderShown(
        text=rendered.text,
        messages=rendered.messages,
        model=version.served.get("model"),
        tools=version.served.get("tools", []),
        response_format=version.served.get("response_format"),
        receipt={**receipt, "revision": None, "source": "registry", "ignored": list(rendered.ignored)},
    )


@router.get("/search")
def search_prompts(project: str, door: Through, *, q: Annotated[str, Query(max_length=500)], limit: Limit = 20) -> HitsShown:
    """Find prompts by the words of their names, descriptions, tags and the text of all their versions."""
    return HitsShown(items=[_hit(hit) for hit in door.read(lambda actor, uow: prompts.search(actor, uow, project, q, limit))])


@router.post("/imports", response_model=ImportsShown)
def import_prompts(project: str, body: ImportIn, door: Through) -> Response:
    """Import up to 100 things. A bad one is reported, the others go in; nothing is promoted."""
    wanted = [
        imports.Wanted(item.name, prompts.Draft(item.content, item.message, None, _origin(item)), _about(item))
        for item in body.items
    ]
    return door.write(
        lambda actor, uow: (200, ImportsShown(items=[_imported(result) for result in imports.run(actor, uow, project, wanted)]))
    )


def _origin(item: ImportItem) -> Provenance | None:
    return _provenance(item.provenance or (ProvenanceIn(source="import") if item.import_key else None), item.import_key)


def _about(item: ImportItem) -> dict[str, Any]:
    about = {"description": item.description, "owner": item.owner, "tags": tuple(item.tags) if item.tags is not None else None}
    return {field: value for field, value in about.items() if value is not None}


def _provenance(given: ProvenanceIn | None, import_key: str | None) -> Provenance | None:
    return Provenance(**given.model_dump(), import_key=import_key) if given else None


def _imported(result: imports.Result) -> ImportedShown:
    refusal = result.refusal
    return ImportedShown(
        name=result.name,
        status=result.status,
        version=result.version,
        digest=result.digest,
        code=refusal.code if refusal else None,
        detail=refusal.detail if refusal else None,
    )


def _hit(hit: Hit) -> HitShown:
    return HitShown(prompt=hit.prompt, version=hit.version, snippet=hit.snippet, live=dict(hit.live))


def show_comparison(found: prompts.Comparison) -> DiffShown:
    """Two versions side by side, as a caller sees them."""
    told = {key: value for key, value in found.diff.to_json().items() if key in DiffShown.model_fields}
    breaking = [{"variable": b.variable, "kind": b.kind, "sentence": b.sentence} for b in found.breaking]
    return DiffShown.model_validate(
        {"from": list_version(found.old), "to": list_version(found.new), **told, "breaking": breaking}
    )


def show_prompt(row: PromptRow) -> PromptShown:
    """A prompt as a caller sees it."""
    return PromptShown.model_validate({**asdict(row), "tags": list(row.tags), "aliases": list(row.aliases)})


def list_version(row: VersionRow | Version) -> VersionListed:
    """A version in a list."""
    provenance = row.provenance
    if isinstance(provenance, Provenance):
        provenance = {key: value for key, value in asdict(provenance).items() if value is not None}
    return VersionListed(
        prompt=row.prompt,
        number=row.number,
        digest=row.digest,
        author=row.author,
        message=row.message,
        created_at=row.created_at,
        provenance=dict(provenance) if provenance else None,
    )


def show_version(version: Version) -> VersionShown:
    """A version with its content."""
    listed = list_version(version).model_dump()
    return VersionShown(**listed, content=dict(version.content), served=dict(version.served))
