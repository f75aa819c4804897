"""Importing many prompts at once. An import saves versions; it never moves a pinned pointer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from cuebook_server.domain import names
from cuebook_server.domain.access import Actor
from cuebook_server.domain.errors import CuebookError, Invalid, TooLarge
from cuebook_server.domain.prompt import Prompt, check_text, described
from cuebook_server.services.ports import Scope, UnitOfWork
from cuebook_server.services.projects import enter
from cuebook_server.services.prompts import Draft, describe_in, locate, save_in

ITEMS_MAX = 100
KEY_CHARS_MAX = 500


class BadImport(Invalid):
    """The import is not valid."""

    code = "bad_import"
    hint = "Send 1 to 100 items at once."


@dataclass(frozen=True, slots=True)
class Wanted:
    """One thing to import. The same ``import_key`` never goes in twice; ``about`` is description, owner and tags."""

    name: str
    draft: Draft
    about: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one thing: its version, or why it was refused."""

    name: str
    status: Literal["created", "unchanged", "refused"]
    version: int | None = None
    digest: str | None = None
    refusal: CuebookError | None = None


def run(actor: Actor, uow: UnitOfWork, project: str, items: Sequence[Wanted]) -> Sequence[Result]:
    """Import up to 100 things in one transaction. A bad one is reported; the others go in."""
    if not 1 <= len(items) <= ITEMS_MAX:
        raise BadImport(f"An import holds 1 to {ITEMS_MAX} items, not {len(items)}.")
    scope = enter(actor, uow, project, "prompts.write")
    return [_one(actor, scope, item) for item in items]


def _one(actor: Actor, scope: Scope, item: Wanted) -> Result:
    # Every check of an item stands before its first write, so a refused item leaves nothing behind.
    try:
        names.prompt_name(item.name)
        described(Prompt(scope.project.project_id, 0, item.name, 0, scope.project.created_at), item.about)
        found = scope.prompts.find(item.name)
        key = check_text("import key", item.draft.provenance.import_key or "", KEY_CHARS_MAX) if item.draft.provenance else ""
        known = scope.prompts.imported(found, key) if found and key else None
        if found and known:
            return _known(scope, found, known)
        saved = save_in(actor, scope, item.name, item.draft)
        named = locate(scope, item.name)
        if key:
            scope.prompts.note_imported(named, key, saved.version.number)
        if item.about and found is None:
            describe_in(actor, scope, named, item.about)
    except (Invalid, TooLarge) as refusal:
        return Result(item.name, "refused", refusal=refusal)
    status: Literal["created", "unchanged"] = "created" if saved.created else "unchanged"
    return Result(item.name, status, saved.version.number, saved.version.digest)


def _known(scope: Scope, of: Prompt, number: int) -> Result:
    version = scope.prompts.version(of, number)
    assert version is not None
    return Result(of.name, "unchanged", number, version.digest)
