"""A difference in plain words, and how far it reaches."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from cuebook_server.domain.canonical import canonical, read_canonical
from cuebook_server.domain.matching import printable, tool_labels
from cuebook_server.domain.words import count_words

if TYPE_CHECKING:  # a difference tells its own summary
    from cuebook_server.domain.diff import Diff, Field, Prose

ChangeClass = Literal["none", "wording", "model", "contract"]
VALUE_CHARS_MAX = 40
PHRASES_MAX = 20


class _Member(NamedTuple):
    """A member of a section, a variable or a parameter, that came, went or changed."""

    steps: tuple[str, ...]
    op: str
    old: Any = None
    new: Any = None


def summarize(diff: Diff) -> list[str]:
    """Short phrases: the application's concerns first, the text last; empty when nothing changed.

    Such as "adds the required variable `tone`", "temperature 0.2 -> 0.7", "34 words added, 8 removed in the system message".
    """
    phrases: list[str] = []
    for section, tell in _SECTIONS.items():
        if fields := [field for field in diff.fields if field.steps[0] == section]:
            phrases += tell(fields)
    phrases += [_prose(prose) for prose in diff.prose]
    phrases = phrases or list(dict.fromkeys(f"changes {field.label}" for field in diff.fields))
    more = len(phrases) - PHRASES_MAX
    return [*phrases[:PHRASES_MAX], _count(more, "more change")] if more > 0 else phrases


def change_class(fields: Iterable[Field], prose: bool) -> ChangeClass:
    """How far a difference reaches, by the fields that changed and whether a text did; the furthest counts.

    ``wording``: the text alone, within the same variables, model and tools. ``model``: which model answers, or its parameters.
    ``contract``: what the application has to fit, and whatever is not known to be less: variables, placeholders, tools, the
    response format, message parts other than text, and fragments, since they may bring variables of their own.
    """
    reach = {_reach(field) for field in fields} | ({"wording"} if prose else set())
    furthest_first: tuple[ChangeClass, ...] = ("contract", "model", "wording")
    return next((name for name in furthest_first if name in reach), "none")


def _reach(field: Field) -> ChangeClass:
    match field.steps:
        case ("model", *_):
            return "model"
        case ("variables", _, "description"):
            return "wording"
        case ("messages", _):
            return "wording" if _is_wording(field) else "contract"
        case ("messages", _, "content", _):
            return "wording" if all(_is_text_part(part) for part in _sides(field)) else "contract"
        case _:
            return "contract"


def _is_wording(field: Field) -> bool:
    """Whether a message that came or went is text and nothing else."""
    return all(
        message.keys() == {"role", "content"}
        and (isinstance(message["content"], str) or all(map(_is_text_part, message["content"])))
        for message in _sides(field)
    )


def _is_text_part(part: Any) -> bool:
    return bool(part.get("type") == "text")


def _sides(field: Field) -> list[Any]:
    return {"added": [field.new], "removed": [field.old], "changed": [field.old, field.new]}[field.op]


def _kind(fields: list[Field]) -> Iterator[str]:
    for field in fields:
        if field.op == "added":
            yield f"starts as a {field.new} prompt"
        elif field.op == "changed":
            yield f"turns the {field.old} prompt into a {field.new} prompt"


def _engine(fields: list[Field]) -> Iterator[str]:
    for field in fields:
        if field.op == "changed":
            yield f"template engine {field.old} -> {field.new}"


def _variables(fields: list[Field]) -> Iterator[str]:
    for member in _members(fields):
        match member.steps, member.op:
            case (name,), "added":
                need = "required" if member.new.get("required", True) else "optional"
                yield f"adds the {need} variable `{name}`"
            case (name,), _:
                yield f"drops the variable `{name}`"
            case (name, "required"), "changed":
                yield f"makes the variable `{name}` {'required' if member.new else 'optional'}"
            case (name, *keys), _:
                yield _told(f"`{name}`'s {'.'.join(keys)}", member)


def _model(fields: list[Field]) -> Iterator[str]:
    for member in chain.from_iterable(map(_leaves, _members(fields))):
        match member.steps:
            case ("name",):
                yield _told("the model", member)
            case ("parameters", *names) if names:
                yield _told(printable(".".join(names)), member)
            case steps:
                yield _told(f"the {'.'.join(steps)}", member)


def _tools(fields: list[Field]) -> Iterator[str]:
    old, new = _tools_of(fields, "removed"), _tools_of(fields, "added")
    for label in dict.fromkeys(field.label for field in fields if len(field.steps) > 2) | old | new:
        verb = "adds" if label in new else "drops" if label in old else "changes"
        if label in old and label in new:
            verb = "moves" if old[label] == new[label] else "changes"
        yield f"{verb} {label}"


def _tools_of(fields: list[Field], op: str) -> dict[str, Any]:
    """The tools that came or went, also where the whole list did, by label."""
    found: dict[str, Any] = {}
    for field in fields:
        value = field.new if op == "added" else field.old
        if field.op == op and len(field.steps) == 1:
            found |= zip(tool_labels(value), value, strict=True)
        elif field.op == op and len(field.steps) == 2:
            found[field.label] = value
    return found


def _response_format(fields: list[Field]) -> Iterator[str]:
    whole = {field.op for field in fields if len(field.steps) == 1}
    yield f"{'sets' if 'added' in whole else 'drops' if 'removed' in whole else 'changes'} the response format"


def _includes(fields: list[Field]) -> Iterator[str]:
    for member in _members(fields):
        what = f"the fragment `{'.'.join(member.steps)}`"
        phrases = {"added": f"includes {what}, version {member.new}", "removed": f"drops {what}"}
        yield phrases.get(member.op) or _told(what, member)


def _messages(fields: list[Field]) -> Iterator[str]:
    come = [field.new for field in fields if len(field.steps) == 2 and field.op == "added"]
    gone = [field.old for field in fields if len(field.steps) == 2 and field.op == "removed"]
    moved = Counter(map(canonical, gone)) & Counter(map(canonical, come))
    yield from _counted("moves", [read_canonical(message) for message in moved.elements()])
    yield from _counted("adds", _without(come, moved))
    yield from _counted("drops", _without(gone, moved))
    yield from dict.fromkeys(f"changes {field.label}" for field in fields if len(field.steps) > 2)


def _without(messages: list[Any], taken: Counter[bytes]) -> list[Any]:
    left, rest = taken.copy(), []
    for message in messages:
        left[canonical(message)] -= 1
        if left[canonical(message)] < 0:
            rest.append(message)
    return rest


def _counted(verb: str, messages: list[Mapping[str, Any]]) -> Iterator[str]:
    """Such as "adds 2 user messages (34 words)"."""
    for message in messages:
        if "placeholder" in message:
            yield f"{verb} the placeholder `{message['placeholder']}`"
    by_role: dict[str, list[int]] = {}
    for message in messages:
        if "placeholder" not in message:
            by_role.setdefault(message["role"], []).append(_words_of(message["content"]))
    for role, words in by_role.items():
        article = "an" if role == "assistant" else "a"
        which = f"{len(words):,} {role} messages" if len(words) > 1 else f"{article} {role} message"
        yield f"{verb} {which} ({_count(sum(words), 'word')})"


def _words_of(content: str | list[Mapping[str, Any]]) -> int:
    texts = [content] if isinstance(content, str) else [part["text"] for part in content if _is_text_part(part)]
    return sum(map(count_words, texts))


def _prose(prose: Prose) -> str:
    changed = "".join(change.old + change.new for change in prose.changes if change.op != "equal")
    added, removed = prose.words_added, prose.words_removed
    if changed.isspace():
        return f"changes only white space in {prose.label}"
    if not added and not removed:
        return f"changes only punctuation in {prose.label}"
    if not added:
        return f"{_count(removed, 'word')} removed in {prose.label}"
    return f"{_count(added, 'word')} added{f', {removed:,} removed' if removed else ''} in {prose.label}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _told(what: str, member: _Member) -> str:
    """Such as "temperature 0.2 -> 0.7"; without the values when they are long."""
    old, new = _shown(member.old), _shown(member.new)
    if max(len(old), len(new)) > VALUE_CHARS_MAX:
        verb = {"added": "sets", "removed": "drops"}.get(member.op, "changes")
        return f"{verb} {what}"
    if member.op == "added":
        return f"sets {what} to {new}"
    if member.op == "removed":
        return f"drops {what} (was {old})"
    return f"{what.removeprefix('the ')} {old} -> {new}"


def _shown(value: Any) -> str:
    if isinstance(value, str) and value.isprintable() and " " not in value and value:
        return value
    return printable(json.dumps(value, ensure_ascii=False, sort_keys=True))


def _members(fields: list[Field]) -> Iterator[_Member]:
    """The members that came, went or changed, also where their whole section came or went."""
    for field in fields:
        if len(field.steps) > 1:
            yield _Member(field.steps[1:], field.op, field.old, field.new)
        else:
            yield from _leaves(_Member((), field.op, field.old, field.new), depth=1)


def _leaves(member: _Member, depth: int = 32) -> Iterator[_Member]:
    """The single values inside an object that came or went, at most ``depth`` steps down."""
    value = member.new if member.op == "added" else member.old
    if member.op == "changed" or depth == 0 or not isinstance(value, Mapping):
        yield member
        return
    for key, below in value.items():
        side = {"new": below} if member.op == "added" else {"old": below}
        yield from _leaves(_Member((*member.steps, key), member.op, **side), depth - 1)


_SECTIONS: Mapping[str, Callable[[list[Field]], Iterator[str]]] = {
    "kind": _kind,
    "engine": _engine,
    "variables": _variables,
    "model": _model,
    "tools": _tools,
    "response_format": _response_format,
    "includes": _includes,
    "messages": _messages,
}
