"""Saving and reading prompts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cuebook_server.domain import content, names, prompt, variables
from cuebook_server.domain.access import Actor
from cuebook_server.domain.audit import Happening
from cuebook_server.domain.diff import Diff, diff
from cuebook_server.domain.environment import Environment, selector
from cuebook_server.domain.errors import (
    AlreadyExists,
    BaseMoved,
    Conflict,
    FragmentMissing,
    NotFound,
    NotReleasedHere,
    UnknownSelector,
)
from cuebook_server.domain.fragment import Fragment, check_cycle
from cuebook_server.domain.prompt import Prompt, Provenance, Saved, Version
from cuebook_server.domain.release import Change
from cuebook_server.services import reads
from cuebook_server.services.ports import Hit, NewVersion, PromptRow, Scope, Stay, UnitOfWork, VersionRow
from cuebook_server.services.projects import enter


class AliasServed(Conflict):
    """Applications may ask for the prompt by this alias."""

    code = "alias_served"
    hint = "Keep the alias, or retire the prompt there first."


@dataclass(frozen=True, slots=True)
class Draft:
    """A version as somebody hands it in. ``base`` is the number they started from, ``None`` when they do not care."""

    content: object
    message: str = ""
    base: int | None = None
    provenance: Provenance | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions side by side: what differs, and what would break a caller of the first."""

    old: Version
    new: Version
    diff: Diff
    breaking: tuple[variables.Breaking, ...]


def save(actor: Actor, uow: UnitOfWork, project: str, name: str, draft: Draft) -> Saved:
    """Save a version. The same content as the newest gives that version back; a moved base is a conflict with both sides."""
    scope = enter(actor, uow, project, "prompts.write")
    try:
        saved = save_in(actor, scope, name, draft)
    except BaseMoved as refusal:  # it shows the other side
        newest = refusal.data["newest"]
        reads.note(actor, uow, scope, [(locate(scope, name).name, newest)] if newest else [])
        raise
    # Their own text is no news to its author, the fragments in it may be.
    reads.note(actor, uow, scope, reads.whole(scope, saved.version) - {(saved.version.prompt, saved.version.number)})
    return saved


def save_in(actor: Actor, scope: Scope, name: str, draft: Draft) -> Saved:
    """Save within a project that is open already (an import saves many in one transaction)."""
    names.prompt_name(name)
    prompt.check_text("message", draft.message, prompt.MESSAGE_CHARS_MAX)
    of = scope.prompts.find(name)
    newest = scope.prompts.version(of, of.latest) if of else None
    wanted = content.draft(draft.content)
    prompt.check_base(draft.base, newest, wanted.document)
    locked, includes = lock(scope, of.name if of else name, wanted)
    if newest is not None and newest.digest == locked.digest:
        return Saved(newest, created=False)
    of = of or scope.prompts.add(name)
    new = NewVersion(
        digest=locked.digest,
        body=locked.canonical,
        served=locked.served_canonical,
        message=draft.message,
        provenance=draft.provenance,
        includes=includes,
        texts=content.texts(locked.served),
    )
    version = scope.prompts.save(of, new, actor.principal, actor.person or actor.owner)
    environments = _serve_at_once(actor, scope, of, version)
    scope.audit.append(actor, _saved(version, newest, environments))
    return Saved(version, created=True, environments=environments)


def _saved(version: Version, newest: Version | None, environments: Mapping[str, int]) -> Happening:
    before = {"version": newest.number, "digest": newest.digest} if newest else None
    after = {"version": version.number, "digest": version.digest, "live_in": dict(environments)}
    return Happening("version.saved", version.prompt, reason=version.message, before=before, after=after)


def _serve_at_once(actor: Actor, scope: Scope, of: Prompt, version: Version) -> dict[str, int]:
    """Environments that track the newest version serve it from this transaction on."""
    return {
        environment.name: follow(actor, scope, environment, of, before=of.newest, after=version.number, cause="save").revision
        for environment in scope.environments.all()
        if environment.tracks_latest
    }


def follow(
    actor: Actor, scope: Scope, environment: Environment, of: Prompt, *, before: int | None, after: int | None, cause: str
) -> Environment:
    """Write down that an environment that tracks the newest version serves another one now: its revision rises."""
    raised = scope.environments.raise_revision(environment)
    change = Change(
        revision=raised.revision,
        prompt_id=of.prompt_id,
        prompt=of.name,
        before=before,
        after=after,
        cause=cause,
        actor=actor.principal,
        at=raised.updated_at,
    )
    scope.environments.record(raised, [change])
    return raised


def lock(scope: Scope, name: str, wanted: content.Draft) -> tuple[content.Content, dict[int, int]]:
    """A draft as it would be saved now, and the numbers its fragments are locked to, by their prompts' ids."""
    fragments, ids = _fragments(scope, name, wanted)
    return content.lock(wanted, fragments), {ids[fragment]: found.number for fragment, found in fragments.items()}


def _fragments(scope: Scope, name: str, wanted: content.Draft) -> tuple[dict[str, Fragment], dict[str, int]]:
    """The fragments a draft includes, each locked to the number it names or to the newest, and their prompts' ids."""
    found: dict[str, Fragment] = {}
    ids: dict[str, int] = {}
    for fragment in wanted.includes_wanted:
        of = scope.prompts.find(fragment)
        number_wanted = wanted.pins.get(fragment, of.newest) if of else None
        if of is not None and (number_wanted is None or number_wanted in of.recalled):
            raise FragmentMissing(f"The fragment {fragment} was recalled.", fragment=fragment)
        version = scope.prompts.version(of, number_wanted) if of and number_wanted else None
        if of is None or version is None or version.served["kind"] != "text":
            kind = "is a chat prompt; only text can be included" if version else "does not exist"
            number = f" version {wanted.pins[fragment]}" if fragment in wanted.pins else ""
            raise FragmentMissing(f"The fragment {fragment}{number} {kind}.", fragment=fragment)
        _refuse_recalled_below(scope, version)
        below = _includes_below(scope, of, version.number)
        # What is about to be saved counts, not what the name included before: `below` may hold an older version of it.
        check_cycle(name, below | {name: (of.name,)})
        closure = frozenset(below) - {fragment}
        found[fragment] = Fragment(fragment, version.number, version.served["text"], version.served["variables"], closure)
        ids[fragment] = of.prompt_id
    return found, ids


def _refuse_recalled_below(scope: Scope, fragment: Version) -> None:
    for row in scope.prompts.including_recalled([fragment.prompt_id]):
        if row.number == fragment.number:
            raise FragmentMissing(
                f"The fragment {row.prompt} version {row.number} includes {row.fragment} version {row.fragment_number}, "
                "which was recalled.",
                fragment=row.prompt,
                hint=f"Save {row.prompt} without it first.",
            )


def _includes_below(scope: Scope, of: Prompt, number: int) -> dict[str, tuple[str, ...]]:
    """What a version and everything below it include: name -> the names it includes itself, in any of its versions there."""
    graph: dict[str, tuple[str, ...]] = {}
    seen: set[tuple[str, int]] = set()
    waiting = [(of, number)]
    while waiting:
        current, at = waiting.pop()
        if (current.name, at) in seen:
            continue
        seen.add((current.name, at))
        includes = scope.prompts.includes(current, at)
        graph[current.name] = graph.get(current.name, ()) + tuple(includes)
        for name, included in includes.items():
            inner = scope.prompts.find(name)
            assert inner is not None, "a locked fragment cannot vanish"
            waiting.append((inner, included))
    return graph


def locate(scope: Scope, name: str) -> Prompt:
    """The prompt of that name (or alias), or ``NotFound``."""
    return locate_all(scope, [name])[0]


def locate_all(scope: Scope, wanted: Sequence[str]) -> list[Prompt]:
    """The prompts of those names (or aliases), one for each, or ``NotFound`` for the first that does not exist."""
    found = scope.prompts.find_all([names.prompt_name(name) for name in wanted]) if wanted else {}
    for name in wanted:
        if name not in found or found[name].latest == 0:
            raise NotFound(f"There is no prompt {name}.", hint="`cuebook status` lists the prompts of the project.")
    return [found[name] for name in wanted]


def versions_of(scope: Scope, wanted: Iterable[tuple[int, int | None]]) -> Mapping[tuple[int, int], Version]:
    """Versions by prompt id and number, as items of releases name them; where an item names none, there is none."""
    return scope.prompts.versions({(prompt_id, number) for prompt_id, number in wanted if number is not None})


def pick(scope: Scope, of: Prompt, which: str) -> Version:
    """A version by number, ``latest``, or the name of an environment (what it serves now)."""
    environment = scope.environments.find(which)
    number = serves(scope, environment, [of]).get(of.prompt_id) if environment else _number(scope, of, which)
    if number is None:
        raise NotReleasedHere(f"{which} serves no version of {of.name}.")
    version = scope.prompts.version(of, number)
    if version is None:
        raise NotFound(f"{of.name} has no version {number}; the newest is {of.latest}.")
    return version


def _number(scope: Scope, of: Prompt, which: str) -> int:
    try:
        wanted = selector(which)
    except UnknownSelector as refusal:
        there = ", ".join(environment.name for environment in scope.environments.all())
        raise UnknownSelector(refusal.detail, hint=f"Use `latest`, a number, or an environment: {there}.") from None
    return wanted if isinstance(wanted, int) else of.latest


def serves(scope: Scope, environment: Environment, prompts: Collection[Prompt]) -> Mapping[int, int | None]:
    """The version that an environment serves of each of these prompts, by the prompt's id; ``None``, or no entry: nothing."""
    if environment.tracks_latest:
        return {prompt.prompt_id: prompt.newest for prompt in prompts}
    return scope.environments.pointers(environment, [prompt.prompt_id for prompt in prompts])


def version(actor: Actor, uow: UnitOfWork, project: str, name: str, which: str) -> Version:
    """One version with its content."""
    scope = enter(actor, uow, project)
    found = pick(scope, locate(scope, name), which)
    reads.note(actor, uow, scope, reads.whole(scope, found))
    return found


def versions(actor: Actor, uow: UnitOfWork, project: str, name: str, *, before: int, limit: int) -> Sequence[VersionRow]:
    """A prompt's versions below a number, newest first."""
    scope = enter(actor, uow, project)
    return scope.lists.versions(locate(scope, name), before, limit)


def stays(actor: Actor, uow: UnitOfWork, project: str, name: str, *, before: int, limit: int) -> tuple[Sequence[Stay], int]:
    """Where the ``limit`` newest versions below a number are or were live; and the oldest number that was looked at."""
    scope = enter(actor, uow, project)
    of = locate(scope, name)
    end = min(before, of.latest + 1)
    numbers = range(max(1, end - limit), end)
    return scope.lists.stays(of, numbers), numbers.start


def compare(actor: Actor, uow: UnitOfWork, project: str, name: str, old: str, new: str) -> Comparison:
    """What differs between two versions."""
    scope = enter(actor, uow, project)
    of = locate(scope, name)
    left, right = pick(scope, of, old), pick(scope, of, new)
    reads.note(actor, uow, scope, reads.whole(scope, left, right))
    return Comparison(left, right, diff(left.content, right.content), variables.breaking(left.served, right.served))


def side_by_side(old: Version | None, new: Version | None) -> Comparison | None:
    """What differs for whoever is served: fragments flattened in, and beside their text which of them moved."""
    if old is None or new is None:
        return None
    served, locked = diff(old.served, new.served), diff(old.content, new.content)
    whole = replace(served, fields=served.fields + tuple(field for field in locked.fields if field.steps[0] == "includes"))
    return Comparison(old, new, whole, variables.breaking(old.served, new.served))


def listed(
    actor: Actor, uow: UnitOfWork, project: str, *, prefix: str, tag: str, owner: str, after: str, limit: int
) -> Sequence[PromptRow]:
    """Prompts by name, with what is live where."""
    return enter(actor, uow, project).lists.prompts(prefix=prefix, tag=tag, owner=owner, after=after, limit=limit)


def one(actor: Actor, uow: UnitOfWork, project: str, name: str) -> PromptRow:
    """One prompt, with what is live where."""
    scope = enter(actor, uow, project)
    return scope.lists.prompts(names=[locate(scope, name).name], limit=1)[0]


def search(actor: Actor, uow: UnitOfWork, project: str, query: str, limit: int) -> Sequence[Hit]:
    """Prompts by their words, names first."""
    scope = enter(actor, uow, project)
    hits = scope.lists.search(query, limit)
    reads.note(actor, uow, scope, [(hit.prompt, hit.version) for hit in hits], {hit.prompt: hit.live for hit in hits})
    return hits


def dependents(actor: Actor, uow: UnitOfWork, project: str, name: str) -> Sequence[tuple[str, int, int]]:
    """Prompts whose newest version includes this one: (name, its newest number, the number it locked)."""
    scope = enter(actor, uow, project)
    return scope.prompts.dependents(locate(scope, name))


def describe(actor: Actor, uow: UnitOfWork, project: str, name: str, changes: Mapping[str, Any]) -> PromptRow:
    """Change what is said about a prompt: ``description``, ``owner``, ``tags``, ``aliases``."""
    scope = enter(actor, uow, project, "prompts.write")
    before = locate(scope, name)
    describe_in(actor, scope, before, changes)
    return scope.lists.prompts(names=[before.name], limit=1)[0]


def describe_in(actor: Actor, scope: Scope, before: Prompt, changes: Mapping[str, Any]) -> None:
    """Change a prompt's description, owner, tags or aliases within a project that is open already."""
    after = prompt.described(before, changes)
    _check_aliases(scope, after)
    _keep_served(scope, before, set(before.aliases) - set(after.aliases))
    if after == before:
        return
    scope.prompts.describe(after)
    told = {
        field: [list(v) if isinstance(v := getattr(side, field), tuple) else v for side in (before, after)] for field in changes
    }
    scope.audit.append(
        actor,
        Happening(
            "prompt.described",
            before.name,
            before={field: sides[0] for field, sides in told.items()},
            after={field: sides[1] for field, sides in told.items()},
        ),
    )


def _keep_served(scope: Scope, of: Prompt, dropped: Collection[str]) -> None:
    """An alias stays while a pinned environment serves its prompt: dropped, and then given to another prompt, it would change
    what an application gets there without any release.
    """
    for environment in scope.environments.all() if dropped else ():
        if not environment.tracks_latest and scope.environments.pointers(environment, [of.prompt_id]).get(of.prompt_id):
            raise AliasServed(f"{environment.name} serves {of.name} as {min(dropped)} too.")


def _check_aliases(scope: Scope, of: Prompt) -> None:
    for alias in of.aliases:
        taken = scope.prompts.find(alias)
        if alias == of.name or (taken is not None and taken.prompt_id != of.prompt_id):
            raise AlreadyExists(f"{alias} is the name of a prompt already.")
