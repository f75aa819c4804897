"""Which message, part or tool of one content is which of another, and what people call it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any

from cuebook_server.domain.canonical import canonical
from cuebook_server.domain.names import clip
from cuebook_server.domain.words import align, tokens

Pair = tuple[int, int]
Item = Mapping[str, Any]

# Between equal neighbours every item is weighed against every other up to this many pairs; beyond it, kinds decide alone.
_WEIGHED_PAIRS_MAX = 400
# What makes two items of one kind a pair though they share no word: a text written anew is a change, not a coming and going.
_SAME_KIND = 0.1


def match_tools(old: Sequence[Item], new: Sequence[Item]) -> list[Pair]:
    """Pairs of tools with the same name, in the order they keep."""
    return _pairs([_tool_key(tool) for tool in old], [_tool_key(tool) for tool in new])


def match_messages(old: Sequence[Item], new: Sequence[Item]) -> list[Pair]:
    """Pairs of messages that are equal, or of one role and the most alike, in the order they keep."""
    return _match(old, new, lambda message: message.get("role"))


def match_parts(old: Sequence[Item], new: Sequence[Item]) -> list[Pair]:
    """Pairs of a message's parts that are equal, or of one type and the most alike, in the order they keep."""
    return _match(old, new, lambda part: part.get("type"))


def message_labels(messages: Sequence[Item]) -> list[str]:
    """Such as "the system message", "the 2nd user message", "the placeholder `history`"."""
    total, seen = Counter(message.get("role") for message in messages), Counter[object]()
    labels = []
    for message in messages:
        role = message.get("role")
        seen[role] += 1
        which = f"{_ordinal(seen[role])} " if total[role] > 1 else ""
        labels.append(
            f"the placeholder `{message['placeholder']}`" if "placeholder" in message else f"the {which}{role} message"
        )
    return labels


def part_labels(parts: Sequence[Item], message: str) -> list[str]:
    """Such as "part 2 of the user message"; just the message where it has one part."""
    return [f"part {i} of {message}" if len(parts) > 1 else message for i in range(1, len(parts) + 1)]


def tool_labels(tools: Sequence[Item]) -> list[str]:
    """Such as "the tool `lookup`", or "the 2nd tool" when it has no name."""
    names = [_tool_name(tool) for tool in tools]
    return [f"the tool `{printable(name)}`" if name else f"the {_ordinal(i)} tool" for i, name in enumerate(names, 1)]


def printable(name: str) -> str:
    """A name that may hold anything, as it can stand in a sentence and on a terminal."""
    return "".join(c if c.isprintable() else "\ufffd" for c in clip(name))


def _tool_key(tool: Item) -> Hashable:
    return _tool_name(tool) or canonical(tool)


def _tool_name(tool: Item) -> str | None:
    """The name as OpenAI's two interfaces, Anthropic and most others write it."""
    function = tool.get("function")
    name = function.get("name") if isinstance(function, Mapping) else tool.get("name")
    return name if isinstance(name, str) else None


def _pairs(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[Pair]:
    return [(i + k, j + k) for i, j, size in align(old, new) for k in range(size)]


def _match(old: Sequence[Item], new: Sequence[Item], kind: Callable[[Item], object]) -> list[Pair]:
    pairs: list[Pair] = []
    i = j = 0
    for x, y in [*_pairs([canonical(item) for item in old], [canonical(item) for item in new]), (len(old), len(new))]:
        pairs += [(i + p, j + q) for p, q in _alike(old[i:x], new[j:y], kind)]
        pairs.append((x, y))
        i, j = x + 1, y + 1
    return pairs[:-1]


def _alike(old: Sequence[Item], new: Sequence[Item], kind: Callable[[Item], object]) -> list[Pair]:
    """The pairs of one kind, crossing no other, whose likeness adds up to the most."""
    a, b = [kind(item) for item in old], [kind(item) for item in new]
    if a == b and len(set(a)) == len(a):  # one of each, in the same order: nothing to choose
        return [(i, i) for i, one in enumerate(a) if one is not None]
    if len(a) * len(b) > _WEIGHED_PAIRS_MAX:
        return [(i, j) for i, j in _pairs(a, b) if a[i]]
    ours, theirs = [Counter(_words(item)) for item in old], [Counter(_words(item)) for item in new]
    weights = [[_weight(a[i] is not None and a[i] == b[j], p, q) for j, q in enumerate(theirs)] for i, p in enumerate(ours)]
    return list(_heaviest(weights, len(a), len(b)))


def _weight(one_kind: bool, ours: Counter[str], theirs: Counter[str]) -> float:
    """0 for what cannot be a pair; else the share of words in common, from ``_SAME_KIND`` up."""
    if not one_kind:
        return 0.0
    return _SAME_KIND + 2 * (ours & theirs).total() / max(1, ours.total() + theirs.total())


def _words(value: object) -> Iterator[str]:
    match value:
        case str():
            yield from tokens(value)
        case Mapping():
            for member in value.values():
                yield from _words(member)
        case list():
            for item in value:
                yield from _words(item)


def _heaviest(weights: Sequence[Sequence[float]], rows: int, columns: int) -> Iterator[Pair]:
    """The chain of pairs, ascending on both sides, with the greatest sum of weights."""
    best = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    for i in reversed(range(rows)):
        for j in reversed(range(columns)):
            best[i][j] = max(best[i + 1][j], best[i][j + 1], best[i + 1][j + 1] + weights[i][j])
    i = j = 0
    while i < rows and j < columns:
        if best[i][j] == best[i + 1][j]:
            i += 1
        elif best[i][j] == best[i][j + 1]:
            j += 1
        else:
            yield i, j
            i, j = i + 1, j + 1


def _ordinal(number: int) -> str:
    suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"
