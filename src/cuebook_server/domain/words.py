"""What changed between two texts, word by word.

The text is cut into words and single marks (a comma, a brace); in scripts written without spaces every character is a word.
A longest common subsequence aligns them, so no alignment marks less; then what would read as confetti is joined, at a bounded
price. White space takes no part in the alignment: it belongs to the changes around it, and is a change where it alone differs.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from math import ceil, sqrt
from typing import Literal

from rapidfuzz.distance import LCSseq

Op = Literal["equal", "insert", "delete", "replace"]
Run = tuple[int, int, int]
"""``(i, j, size)``: the items ``i..i+size`` of one sequence stand for the items ``j..j+size`` of the other."""

# The alignment keeps one bit per pair: 20,000 words against 20,000 take 50 MB and 0.2 s. What is larger goes by sentences,
# and what is larger even so in parts of 4,500 against 4,500, for those cost the least per word.
PAIRS_MAX = 400_000_000
PART_PAIRS_MAX = 20_000_000
# Nobody reads more; pages, answers and the time they take stay bounded.
CHANGES_MAX = 20_000
# Joining may mark a tenth more than the alignment found.
JOINED_SHARE_MAX = 0.10
JOINED_TOKENS_MAX = 3

_UNSPACED = r"\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
# Listed, rather than "not \w", because Python counts vowel signs and joiners as no part of a word.
_MARK = r"!-/:-@\[-^`{-~\u00a1\u00ab\u00b7\u00bb\u00bf\u2010-\u2027\u2030-\u205e\u2190-\u2bff\u3001-\u303f\uff01-\uff0f"
_TOKEN = re.compile(rf"[{_MARK}{_UNSPACED}]|[^\s{_MARK}{_UNSPACED}]+")
_UNSPACED_WORD = re.compile(rf"[{_UNSPACED}]")
_LETTER = re.compile(r"\w")
_OPENING, _CLOSING = "([{", ")]}"
_SENTENCE_END = frozenset(".!?:;。！？")


@dataclass(frozen=True, slots=True)
class Change:
    """A stretch of text on both sides; ``old`` and ``new`` are the same where ``op`` is ``equal``."""

    op: Op
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class _Span:
    """Where a change stands: ``old[o0:o1]`` became ``new[n0:n1]``."""

    o0: int
    o1: int
    n0: int
    n1: int

    def moved(self, by: int) -> _Span:
        return _Span(self.o0 + by, self.o1 + by, self.n0 + by, self.n1 + by)


def count_words(text: str) -> int:
    """How many words people would count: what stands between white space and has a letter or digit."""
    spaced, unspaced = _UNSPACED_WORD.subn(" ", text)
    return unspaced + sum(1 for word in spaced.split() if _LETTER.search(word))


def tokens(text: str) -> list[str]:
    """The words and marks of ``text``, without the white space."""
    return _TOKEN.findall(text)


def diff_words(old: str, new: str) -> tuple[Change, ...]:
    """The changes that lead from ``old`` to ``new``, in order; adjacent ones are never both equal or both changed.

    All ``old`` sides joined give ``old``, all ``new`` sides ``new``, exactly. Up to ``PAIRS_MAX`` pairs of words and
    ``CHANGES_MAX`` changes, the words and marks shown as changed are at most 1.10 times the fewest possible.
    """
    a, b = [m.span() for m in _TOKEN.finditer(old)], [m.span() for m in _TOKEN.finditer(new)]
    runs = _token_runs(tokens(old), tokens(new))
    spans = _joined(_bounded(list(_gaps(old, new, a, b, runs))), old, new)
    return tuple(_changes(old, new, _settled([_trimmed(span, old, new) for span in spans], old, new)))


def align(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[Run]:
    """The runs of equal items in a longest common subsequence, in order.

    Beyond ``PAIRS_MAX`` pairs both sides are cut into as many parts as it takes: time and memory are bounded for any input.
    """
    numbers: dict[Hashable, int] = {}
    a, b = (array("I", [numbers.setdefault(item, len(numbers)) for item in items]) for items in (old, new))
    head = _common(zip(a, b, strict=False))
    tail = _common(zip(reversed(a[head:]), reversed(b[head:]), strict=False))
    middle = _subsequence(a[head : len(a) - tail], b[head : len(b) - tail])
    runs = [(0, 0, head), *((i + head, j + head, size) for i, j, size in middle), (len(a) - tail, len(b) - tail, tail)]
    return [run for run in runs if run[2]]


def _common(pairs: Iterable[tuple[object, object]]) -> int:
    count = 0
    for x, y in pairs:
        if x != y:
            break
        count += 1
    return count


def _subsequence(a: array[int], b: array[int]) -> Iterator[Run]:
    pairs = len(a) * len(b)
    parts = 1 if pairs <= PAIRS_MAX else ceil(sqrt(pairs / PART_PAIRS_MAX))
    for part in range(parts):
        i, j = len(a) * part // parts, len(b) * part // parts
        piece_a, piece_b = a[i : len(a) * (part + 1) // parts], b[j : len(b) * (part + 1) // parts]
        for block in LCSseq.opcodes(piece_a, piece_b).as_matching_blocks():
            yield block.a + i, block.b + j, block.size


def _token_runs(old: list[str], new: list[str]) -> list[Run]:
    """Equal words and marks; in large texts first whole sentences, then words between those."""
    if len(old) * len(new) <= PAIRS_MAX:
        return align(old, new)
    a, b = _sentences(old), _sentences(new)
    runs: list[Run] = []
    i = j = 0
    same = align([tuple(old[x:y]) for x, y in pairwise(a)], [tuple(new[x:y]) for x, y in pairwise(b)])
    for x, y, size in [*same, (len(a) - 1, len(b) - 1, 0)]:
        runs += [(i + p, j + q, n) for p, q, n in align(old[i : a[x]], new[j : b[y]])]
        i, j = a[x + size], b[y + size]
        runs.append((a[x], b[y], i - a[x]))
    return runs


def _sentences(words: list[str]) -> list[int]:
    """Where sentences begin, and the end."""
    return [0, *(i for i, word in enumerate(words[:-1], 1) if word in _SENTENCE_END), len(words)]


def _gaps(
    old: str, new: str, a: Sequence[tuple[int, int]], b: Sequence[tuple[int, int]], runs: Iterable[Run]
) -> Iterator[_Span]:
    """What stands between one pair of equal words and the next, where it differs."""
    o = n = 0
    pairs = ((a[i + k], b[j + k]) for i, j, size in runs for k in range(size))
    for (o_start, o_end), (n_start, n_end) in chain(pairs, [((len(old), len(old)), (len(new), len(new)))]):
        if old[o:o_start] != new[n:n_start]:
            yield _Span(o, o_start, n, n_start)
        o, n = o_end, n_end


def _bounded(spans: list[_Span]) -> list[_Span]:
    """Neighbours joined until at most ``CHANGES_MAX`` changes are left."""
    size = ceil(len(spans) / CHANGES_MAX)
    return [_until(spans[i], spans[min(i + size, len(spans)) - 1]) for i in range(0, len(spans), size or 1)]


def _until(first: _Span, last: _Span) -> _Span:
    return _Span(first.o0, last.o1, first.n0, last.n1)


def _trimmed(span: _Span, old: str, new: str) -> _Span:
    """Leave the white space unmarked that a change has in common at its ends."""
    o0, o1, n0, n1 = span.o0, span.o1, span.n0, span.n1
    while o0 < o1 and n0 < n1 and old[o0] == new[n0] and old[o0].isspace():
        o0, n0 = o0 + 1, n0 + 1
    while o0 < o1 and n0 < n1 and old[o1 - 1] == new[n1 - 1] and old[o1 - 1].isspace():
        o1, n1 = o1 - 1, n1 - 1
    return _Span(o0, o1, n0, n1)


def _joined(spans: list[_Span], old: str, new: str) -> list[_Span]:
    """Join changes that only a stray word or comma keeps apart, the most isolated first, while the price allows it."""
    sizes = [(len(tokens(old[s.o0 : s.o1])), len(tokens(new[s.n0 : s.n1]))) for s in spans]
    strays = []
    for i, (left, right) in enumerate(pairwise(spans)):
        stray, around = len(tokens(old[left.o1 : right.o0])), min(max(sizes[i]), max(sizes[i + 1]))
        if stray <= JOINED_TOKENS_MAX and 2 * stray <= around:
            strays.append((stray / around, i, 2 * stray))
    budget = int(JOINED_SHARE_MAX * sum(map(sum, sizes)))
    joined = set()
    for _, i, price in sorted(strays):
        if price <= budget:
            budget -= price
            joined.add(i)
    result: list[_Span] = []
    for i, span in enumerate(spans):
        result.append(_until(result.pop(), span) if i - 1 in joined else span)
    return result


def _settled(spans: Sequence[_Span], old: str, new: str) -> Iterator[_Span]:
    """Move what came or went to where it reads best, for often several places are as true: "c⏎- " is better shown as "- c⏎"."""
    # One beyond the ends of the text: there a change may touch, while between two changes something equal stays.
    last, end = _Span(0, -1, 0, -1), _Span(len(old) + 1, 0, len(new) + 1, 0)
    for span, following in pairwise([*spans, end]):
        by = 0
        if span.o0 == span.o1:
            by = _shift(new, span.n0, span.n1, range(last.n1 + 1, following.n0))
        elif span.n0 == span.n1:
            by = _shift(old, span.o0, span.o1, range(last.o1 + 1, following.o0))
        last = span.moved(by)
        yield last


def _shift(text: str, start: int, end: int, room: range) -> int:
    """How far ``text[start:end]`` should move inside ``room``, leaving the whole text the same; 0 if no place is better."""
    lines = "\n" in text[start:end]
    if _reads_well(text, start, end, lines):
        return 0
    for way in (-1, 1) if lines else (1,) if text[start] in _CLOSING else (-1,):
        i, j = start, end
        while i + way in room and j + way in room and (text[i] == text[j] if way > 0 else text[i - 1] == text[j - 1]):
            i, j = i + way, j + way
            if _reads_well(text, i, j, lines):
                return i - start
    return 0


def _reads_well(text: str, start: int, end: int, lines: bool) -> bool:
    """Whole lines begin a line; a bracket is not torn from its fellow."""
    if lines:
        return text[start - 1 : start] in ("\n", "")
    return text[start] not in _CLOSING and text[end - 1] not in _OPENING


def _changes(old: str, new: str, spans: Iterable[_Span]) -> Iterator[Change]:
    o = n = 0
    for span in spans:
        if o < span.o0:
            yield Change("equal", old[o : span.o0], new[n : span.n0])
        before, after = old[span.o0 : span.o1], new[span.n0 : span.n1]
        yield Change("replace" if before and after else "delete" if before else "insert", before, after)
        o, n = span.o1, span.n1
    if o < len(old):
        yield Change("equal", old[o:], new[n:])
