"""Looking at a draft as the registry would save and serve it. Nothing is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cuebook.rendering import Rendered
from cuebook.rendering import compile as compile_prompt
from cuebook.template import TemplateError
from cuebook_server.domain import check, content, names
from cuebook_server.domain.access import Actor
from cuebook_server.domain.check import Finding
from cuebook_server.domain.diff import Diff, diff
from cuebook_server.domain.errors import BadVariables, CuebookError
from cuebook_server.domain.prompt import Version
from cuebook_server.domain.variables import Breaking, breaking
from cuebook_server.services import prompts, reads
from cuebook_server.services.ports import Scope, UnitOfWork
from cuebook_server.services.ports_checking import Aids, Cost, Count
from cuebook_server.services.projects import enter


@dataclass(frozen=True, slots=True)
class Locked:
    """A draft with its fragments locked, as a save would do it now. ``document``: what was handed in, in normal form."""

    document: Mapping[str, Any]
    content: content.Content


@dataclass(frozen=True, slots=True)
class Checked:
    """What a draft would be. ``values``: those it was rendered with; ``cost``: ``None`` where no price is known."""

    findings: tuple[Finding, ...]
    served: Mapping[str, Any]
    includes: Mapping[str, int]
    values: Mapping[str, object]
    rendered: Rendered
    tokens: Count
    cost: Cost | None


@dataclass(frozen=True, slots=True)
class DraftComparison:
    """A version and a draft side by side: what differs, and what would break a caller of the version."""

    old: Version
    diff: Diff
    breaking: tuple[Breaking, ...]


def lock(actor: Actor, uow: UnitOfWork, project: str, name: str, raw: object) -> Locked:
    """Read a draft of a prompt, which need not exist yet, and lock its fragments. What a save would refuse is refused."""
    scope = enter(actor, uow, project)
    names.prompt_name(name)
    wanted = content.draft(raw)
    of = scope.prompts.find(name)
    locked = prompts.lock(scope, of.name if of else name, wanted)[0]
    # Whoever includes a fragment is shown its text.
    reads.note(actor, uow, scope, _shown(scope, locked))
    return Locked(wanted.document, locked)


def compare(actor: Actor, uow: UnitOfWork, project: str, name: str, raw: object, which: str) -> DraftComparison:
    """What a draft would change of a version: a number, ``latest``, or what an environment serves."""
    scope = enter(actor, uow, project)
    old = prompts.pick(scope, prompts.locate(scope, name), which)
    new = prompts.lock(scope, old.prompt, content.draft(raw))[0]
    reads.note(actor, uow, scope, reads.whole(scope, old) | _shown(scope, new))
    return DraftComparison(old, diff(old.content, new.document), breaking(old.served, new.served))


def look(locked: Locked, given: Mapping[str, object], aids: Aids) -> Checked:
    """Look at a draft with values; samples stand for those that are not given. Takes a while, so call it in no transaction.

    Raises ``BadVariables`` where a given value does not fit.
    """
    served = locked.content.served
    values = check.samples(served) | dict(given)
    try:
        rendered = compile_prompt(served).render(values)
    except TemplateError as error:
        raise BadVariables(str(error)) from None
    model = served.get("model", {})
    provider, named = model.get("provider", ""), model.get("name", "")
    tokens = aids.tokens.count(_texts(rendered), provider, named)
    return Checked(
        check.check(locked.document, served, aids.secrets),
        served,
        locked.content.document.get("includes", {}),
        values,
        rendered,
        tokens,
        aids.prices.cost(tokens.tokens, provider, named) if named else None,
    )


def findings(raw: object, aids: Aids) -> tuple[Finding, ...]:
    """What is worth a look in a draft by itself, without its fragments; nothing where it cannot be saved at all."""
    try:
        document = content.draft(raw).document
    except CuebookError:
        return ()
    return check.check(document, None, aids.secrets)


def _shown(scope: Scope, locked: content.Content) -> set[reads.Shown]:
    included = locked.document.get("includes", {})
    found = scope.prompts.find_all(included)
    return reads.whole(scope, *scope.prompts.versions({(found[n].prompt_id, k) for n, k in included.items()}).values())


def _texts(rendered: Rendered) -> list[str]:
    """All that a model would read."""
    parts: list[str] = [rendered.text or ""]
    for message in rendered.messages or ():
        said = message["content"]
        parts += [said] if isinstance(said, str) else [part["text"] for part in said if part["type"] == "text"]
    return parts
