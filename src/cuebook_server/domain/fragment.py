"""Fragments: prompts whose text other prompts include, locked to a version number when those are saved."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cuebook_server.domain.errors import FragmentCycle


@dataclass(frozen=True, slots=True)
class Fragment:
    """One version of a text prompt as others include it.

    ``text`` is already flattened, ``variables`` is the contract that goes with it (the version's served form has both), and
    ``closure`` names all fragments it includes, directly or through others.
    """

    name: str
    number: int
    text: str
    variables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    closure: frozenset[str] = frozenset()


def check_cycle(name: str, includes: Mapping[str, Iterable[str]] | Callable[[str], Iterable[str]]) -> None:
    """Raise ``FragmentCycle``, with the shortest way round, when ``name`` would include itself.

    ``includes``: what each prompt includes directly; for ``name`` what it is about to include.
    """
    below = includes if callable(includes) else lambda prompt: includes.get(prompt, ())
    came_from: dict[str, str] = {}
    queue = deque([name])
    while queue:
        prompt = queue.popleft()
        for included in below(prompt):
            if included == name:
                raise _cycle(name, prompt, came_from)
            if included not in came_from:
                came_from[included] = prompt
                queue.append(included)


def _cycle(name: str, last: str, came_from: Mapping[str, str]) -> FragmentCycle:
    way = [name]
    while last != name:
        way.append(last)
        last = came_from[last]
    cycle = [name, *reversed(way)]
    return FragmentCycle(f"Fragments include each other: {' -> '.join(cycle)}.", cycle=cycle)
