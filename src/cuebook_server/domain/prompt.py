"""Prompts and their immutable versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from cuebook_server.domain.errors import BaseMoved, Invalid
from cuebook_server.domain.names import prompt_name

DESCRIPTION_CHARS_MAX = 2_000
OWNER_CHARS_MAX = 200
MESSAGE_CHARS_MAX = 2_000
TAGS_MAX = 32
TAG_CHARS_MAX = 64
ALIASES_MAX = 32


class BadMetadata(Invalid):
    """A description, owner, tag, alias or message is not allowed."""

    code = "bad_metadata"
    hint = "Correct what is named above."


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a version came from, beside its content: never part of the digest.

    ``import_key`` identifies the imported thing (a commit and path, a file's digest), so that importing again changes nothing.
    """

    source: str
    import_key: str | None = None
    author: str | None = None
    authored_at: str | None = None
    commit: str | None = None
    path: str | None = None
    run: str | None = None
    tool: str | None = None


@dataclass(frozen=True, slots=True)
class Prompt:
    """A name and what people say about it.

    latest: the newest version's number, 0 before the first save. recalled: the numbers declared harmful.
    """

    project_id: int
    prompt_id: int
    name: str
    latest: int
    created_at: datetime
    description: str = ""
    owner: str = ""
    tags: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    recalled: frozenset[int] = frozenset()

    @property
    def newest(self) -> int | None:
        """The newest version that was not recalled: what an environment that tracks latest serves."""
        return next((number for number in range(self.latest, 0, -1) if number not in self.recalled), None)


@dataclass(frozen=True, slots=True)
class Recall:
    """A version declared harmful, by whom and why. No environment may take it, and no node serves it."""

    prompt_id: int
    prompt: str
    number: int
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Including:
    """A version that includes a recalled one, directly or through other fragments. It is not recalled by that itself."""

    prompt_id: int
    prompt: str
    number: int
    fragment: str
    fragment_number: int


@dataclass(frozen=True, slots=True)
class Version:
    """An immutable numbered snapshot of a prompt.

    ``content`` is the canonical document the digest covers; ``served`` the same with its fragments flattened in. ``person``
    answers for the author, where somebody does.
    """

    prompt_id: int
    prompt: str
    number: int
    digest: str
    content: Mapping[str, Any]
    served: Mapping[str, Any]
    author: str
    message: str
    created_at: datetime
    provenance: Provenance | None = None
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Saved:
    """What a save did: ``created`` is false when the newest version already had this content."""

    version: Version
    created: bool
    environments: Mapping[str, int] = field(default_factory=dict)


def check_base(base: int | None, latest: Version | None, yours: Mapping[str, Any]) -> None:
    """Refuse a save that started from an older version than the newest: the loser sees both sides."""
    newest = latest.number if latest else 0
    if base is None or base == newest:
        return
    raise BaseMoved(
        f"You started from version {base}, but the newest is {newest}" + (f", saved by {latest.author}." if latest else "."),
        base=base,
        newest=newest,
        yours=yours,
        theirs=latest.content if latest else None,
    )


def check_text(what: str, text: str, chars_max: int, *, lines: bool = True) -> str:
    """A person's text: bounded, no NUL, no lone surrogate; one line when ``lines`` is false."""
    if len(text) > chars_max:
        raise BadMetadata(f"The {what} has {len(text)} characters.", hint=f"At most {chars_max}.")
    if "\x00" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise BadMetadata(f"The {what} holds a NUL or a lone surrogate.", hint="Send valid text.")
    if not lines and ("\n" in text or "\r" in text):
        raise BadMetadata(f"The {what} has more than one line.", hint="Use one line.")
    return text


def described(before: Prompt, changes: Mapping[str, Any]) -> Prompt:
    """A prompt with another description, owner, tags or aliases, each checked; whether an alias is free is not known here."""
    after = replace(before, **changes)
    check_text("description", after.description, DESCRIPTION_CHARS_MAX)
    check_text("owner", after.owner, OWNER_CHARS_MAX, lines=False)
    aliases = tuple(sorted({prompt_name(alias) for alias in after.aliases}))
    if len(aliases) > ALIASES_MAX:
        raise BadMetadata(f"{len(aliases)} aliases.", hint=f"At most {ALIASES_MAX}.")
    return replace(after, tags=check_tags(after.tags), aliases=aliases)


def check_tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    """Tags, sorted and without doubles."""
    if len(tags) > TAGS_MAX or any(not tag.strip() for tag in tags):
        raise BadMetadata(f"{len(tags)} tags.", hint=f"At most {TAGS_MAX}, none empty.")
    return tuple(sorted({check_text("tag", tag, TAG_CHARS_MAX, lines=False) for tag in tags}))
