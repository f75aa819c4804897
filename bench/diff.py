"""Differences by words: an everyday text, and the inputs that are worst for them."""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.rows import Row
from cuebook_server.domain.words import diff_words

Pair = tuple[str, str]
MIB = 1 << 20
ROUNDS = 3
HISTORIES = Path(__file__).parent.parent / "tests" / "data" / "histories"


def run() -> list[Row]:
    """Milliseconds for 10,000 words and, against the first of these, for 1 MiB, the largest content; then words marked."""
    chance = random.Random(7)
    small = {f"words, 10,000, {name}": _milliseconds(pair) for name, pair in _ten_thousand(chance).items()}
    large = {f"words, 1 MiB, {name}": _milliseconds(pair) for name, pair in _largest(chance).items()}
    first = next(iter(small.values()))
    return [
        *(Row(name, value, "ms", target=500, bound="most") for name, value in small.items()),
        *(Row(f"{name}, against 10,000", value, "ms", value / first) for name, value in large.items()),
        _against_git(),
    ]


def _ten_thousand(chance: random.Random) -> Mapping[str, Pair]:
    return {
        "one in 20 changed": _edited(chance, 10_000),
        "all different": (_words(chance, 10_000, 10**9), _words(chance, 10_000, 10**9)),
        "one word only": ("a " * 10_000, "a " * 9_000),
        "two words at random": (_words(chance, 10_000, 2), _words(chance, 10_000, 2)),
        "in another order": (text := _words(chance, 10_000, 2_000), " ".join(chance.sample(text.split(), 10_000))),
    }


def _largest(chance: random.Random) -> Mapping[str, Pair]:
    marks = ["".join(chance.choices("-=", k=MIB)) for _ in range(2)]
    return {
        "one in 50 changed": _edited(chance, 170_000, 50),
        "all different": ("a " * (MIB // 2), "b " * (MIB // 2)),
        "one word only": ("a " * (MIB // 2), "a " * (MIB // 2 - 9)),
        "every other line new": ("a\n" * (MIB // 2), "a\nb\n" * (MIB // 4)),
        "two marks at random": (marks[0], marks[1]),
        "white space only": (" " * MIB, "\n" * MIB),
    }


def _words(chance: random.Random, count: int, different: int) -> str:
    return " ".join(f"w{chance.randrange(different)}" for _ in range(count))


def _edited(chance: random.Random, count: int, one_in: int = 20) -> Pair:
    """A text in sentences of twelve words, and the same with words replaced here and there."""
    old = [f"w{chance.randrange(3_000)}{'.' if i % 12 == 11 else ''}" for i in range(count)]
    return " ".join(old), " ".join("new" if chance.random() * one_in < 1 else word for word in old)


def _milliseconds(pair: Pair) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.perf_counter()
        diff_words(*pair)
        best = min(best, time.perf_counter() - started)
    return best * 1000


def _against_git() -> Row:
    """Of all pairs of recorded versions, the one where we mark the most against ``git diff --word-diff``."""
    worst, most = 0.0, 0
    for figures in sorted(HISTORIES.glob("*.gitdiff.json")):
        lines = figures.with_name(figures.name.replace(".gitdiff.json", ".jsonl")).read_text(encoding="utf-8").splitlines()
        texts: dict[int, str] = {row["version"]: row["content"] for row in map(json.loads, lines)}
        for pair in json.loads(figures.read_text(encoding="utf-8")):
            marked = _marked([texts[pair["from"]], texts[pair["to"]]])
            worst, most = max((worst, most), (marked / (pair["git_words_ins"] + pair["git_words_del"]), marked))
    return Row("words marked in the worst pair of versions, against Git", most, "words", worst, 1.15, "most")


def _marked(pair: Sequence[str]) -> int:
    changes = [change for change in diff_words(*pair) if change.op != "equal"]
    return sum(len(re.findall(r"\w+|[^\w\s]", side)) for change in changes for side in (change.old, change.new))
