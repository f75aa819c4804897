"""What changed between two contents: prose by words, everything else by fields; and the way from one to the other.

Nothing is left out: who makes these changes in the old content has the new one. Positions in lists count in the old content
for what was removed and in the new one for everything else. Numbers are compared as JSON has them: 1 and 1.0 are the same,
``true`` is neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from cuebook_server.domain.canonical import canonical, digest, read_canonical
from cuebook_server.domain.matching import (
    Pair,
    match_messages,
    match_parts,
    match_tools,
    message_labels,
    part_labels,
    printable,
    tool_labels,
)
from cuebook_server.domain.summary import ChangeClass, change_class, summarize
from cuebook_server.domain.words import Change, count_words, diff_words

FieldOp = Literal["added", "removed", "changed"]
Steps = tuple[str, ...]

# The order in which people want to read: what the application must know first, the text last.
_SECTIONS = ("kind", "engine", "variables", "model", "tools", "response_format", "includes", "messages", "text")


@dataclass(frozen=True, slots=True)
class Prose:
    """The changes of one text, as stretches that cover it whole. ``at`` leads to it, in steps joined by ``/``."""

    at: str
    label: str
    changes: tuple[Change, ...]

    @property
    def words_added(self) -> int:
        """Words on the new side of changes."""
        return sum(count_words(change.new) for change in self.changes if change.op != "equal")

    @property
    def words_removed(self) -> int:
        """Words on the old side of changes."""
        return sum(count_words(change.old) for change in self.changes if change.op != "equal")

    def to_json(self) -> dict[str, Any]:
        """The changes as JSON values."""
        return {
            "at": self.at,
            "label": self.label,
            "changes": [{"op": c.op, "old": c.old, "new": c.new} for c in self.changes],
            "words_added": self.words_added,
            "words_removed": self.words_removed,
        }


@dataclass(frozen=True, slots=True)
class Field:
    """One value that came, went or changed; ``old`` and ``new`` are ``None`` where there was or is nothing.

    steps: the keys and positions that lead to it.
    """

    steps: Steps
    label: str
    op: FieldOp
    old: Any = None
    new: Any = None

    @property
    def at(self) -> str:
        """The steps as one string, as in a JSON pointer."""
        return _at(self.steps)

    def to_json(self) -> dict[str, Any]:
        """The change as JSON values; a side that does not exist is left out."""
        sides = ({} if self.op == "added" else {"old": self.old}) | ({} if self.op == "removed" else {"new": self.new})
        return {"at": self.at, "label": self.label, "op": self.op} | sides


@dataclass(frozen=True, slots=True)
class Diff:
    """The difference of two contents. ``base`` and ``result`` are their digests."""

    base: str
    result: str
    prose: tuple[Prose, ...]
    fields: tuple[Field, ...]

    @property
    def same(self) -> bool:
        """Whether the contents are the same."""
        return self.base == self.result

    @property
    def reach(self) -> ChangeClass:
        """How far it reaches."""
        return change_class(self.fields, bool(self.prose))

    def to_json(self) -> dict[str, Any]:
        """The difference as JSON values, with the summary people read."""
        return {
            "same": self.same,
            "base": self.base,
            "result": self.result,
            "prose": [prose.to_json() for prose in self.prose],
            "fields": [field.to_json() for field in self.fields],
            "summary": summarize(self),
        }


def diff(old: Mapping[str, Any], new: Mapping[str, Any]) -> Diff:
    """What leads from one content to the other. Both are canonical JSON (else ``BadContent`` or ``ContentTooLarge``)."""
    before, after = canonical(old), canonical(new)
    edits = list(_walk((), "", read_canonical(before), read_canonical(after))) if before != after else []
    return Diff(
        digest(before),
        digest(after),
        tuple(Prose(edit.at, edit.label, diff_words(edit.old, edit.new)) for edit in edits if isinstance(edit, _Text)),
        tuple(edit for edit in edits if isinstance(edit, Field)),
    )


def reach(old: Mapping[str, Any], new: Mapping[str, Any]) -> ChangeClass:
    """How far the difference of two contents reaches, without comparing their words: quick enough to ask of every release.

    Both are as ``read_canonical`` gives them.
    """
    edits = list(_walk((), "", old, new))
    return change_class([edit for edit in edits if isinstance(edit, Field)], any(isinstance(edit, _Text) for edit in edits))


class _Text(NamedTuple):
    """A text that changed; which of its words did is for ``diff`` to find."""

    at: str
    label: str
    old: str
    new: str


def _walk(steps: Steps, item: str, old: Any, new: Any) -> Iterator[_Text | Field]:
    if _equal(old, new):
        return
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _members(steps, item, old, new)
    elif isinstance(old, list) and isinstance(new, list) and (items := _items(steps, item, old, new)):
        yield from _list(steps, old, new, items)
    elif isinstance(old, str) and isinstance(new, str) and _is_prose(steps):
        yield _Text(_at(steps), _label(steps, item), old, new)
    else:
        yield Field(steps, _label(steps, item), "changed", old, new)


def _equal(old: Any, new: Any) -> bool:
    """Equality of canonical JSON: what has one form has one type, ``True == 1`` is Python's own."""
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(_equal(value, new[key]) for key, value in old.items())
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(_equal, old, new))
    return isinstance(old, bool) == isinstance(new, bool) and bool(old == new)


def _members(steps: Steps, item: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[_Text | Field]:
    for key in sorted(old.keys() | new.keys(), key=lambda key: _rank(key) if not steps else (0, key)):
        below = (*steps, key)
        if key not in new:
            yield Field(below, _label(below, item), "removed", old=old[key])
        elif key not in old:
            yield Field(below, _label(below, item), "added", new=new[key])
        else:
            yield from _walk(below, item, old[key], new[key])


def _list(steps: Steps, old: list[Any], new: list[Any], items: _Items) -> Iterator[_Text | Field]:
    kept_old, kept_new = {i for i, _ in items.pairs}, {j for _, j in items.pairs}
    for i, value in enumerate(old):
        if i not in kept_old:
            yield Field((*steps, str(i)), items.old_labels[i], "removed", old=value)
    for j, value in enumerate(new):
        if j not in kept_new:
            yield Field((*steps, str(j)), items.new_labels[j], "added", new=value)
    for i, j in items.pairs:
        yield from _walk((*steps, str(j)), items.new_labels[j], old[i], new[j])


@dataclass(frozen=True, slots=True)
class _Items:
    """How two lists belong together: the pairs of items that stayed, and what to call each."""

    pairs: list[Pair]
    old_labels: list[str]
    new_labels: list[str]


def _items(steps: Steps, item: str, old: list[Any], new: list[Any]) -> _Items | None:
    """How the items of the lists at ``steps`` belong together; ``None`` for lists that only count as a whole."""
    match steps:
        case ("messages",):
            return _Items(match_messages(old, new), message_labels(old), message_labels(new))
        case ("messages", _, "content"):
            return _Items(match_parts(old, new), part_labels(old, item), part_labels(new, item))
        case ("tools",):
            return _Items(match_tools(old, new), tool_labels(old), tool_labels(new))
        case _:
            return None


def _is_prose(steps: Steps) -> bool:
    match steps:
        case ("text",) | ("messages", _, "content") | ("messages", _, "content", _, "text"):
            return True
        case _:
            return False


def _label(steps: Steps, item: str) -> str:
    """What people call the value at ``steps``; ``item``: the message or tool it belongs to, if any."""
    match steps:
        case _ if item:
            return item
        case ("variables", name, *_):
            return f"the variable `{name}`"
        case ("includes", name):
            return f"the fragment `{name}`"
        case ("model", "parameters", *names) if names:
            return printable(".".join(names))
        case _:
            return f"the {steps[0].replace('_', ' ')}"


def _rank(section: str) -> tuple[int, str]:
    return (_SECTIONS.index(section) if section in _SECTIONS else len(_SECTIONS), section)


def _at(steps: Steps) -> str:
    """Steps as one string, escaped as in a JSON pointer."""
    return "/".join(step.replace("~", "~0").replace("/", "~1") for step in steps)
