"""Which faults happen when: drawn by a seed, so that the same seed gives the same plan."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["kill", "stop", "cut", "refuse", "silent", "slow"]
KINDS: tuple[Kind, ...] = get_args(Kind)
FAULT_S = (0.5, 8.0)
PAUSE_S = (0.5, 3.0)


@dataclass(frozen=True, slots=True)
class Fault:
    """What befalls a node, from ``at_s`` on for ``for_s`` seconds.

    kill: SIGKILL, then a new process. stop: SIGSTOP, then SIGCONT. The rest happens on the way to it: cut ends every
    connection, refuse takes none either, silent lets nothing through and closes nothing, slow delays every piece.
    """

    at_s: float
    for_s: float
    kind: Kind
    node: int


def plan(seed: int, seconds: float, nodes: int) -> Sequence[Fault]:
    """The faults of a run in their order; no node has two at once, and all are over at the end."""
    chance, at_s = random.Random(seed), 1.0
    free_at = [0.0] * nodes
    faults: list[Fault] = []
    while at_s < seconds - FAULT_S[0]:
        kind, node = chance.choice(KINDS), chance.randrange(nodes)
        for_s = 0.0 if kind == "cut" else chance.uniform(FAULT_S[0], min(FAULT_S[1], seconds / 3))
        if free_at[node] <= at_s and at_s + for_s <= seconds:
            faults.append(Fault(round(at_s, 2), round(for_s, 2), kind, node))
            free_at[node] = at_s + for_s + (6.0 if kind == "kill" else 0.0)  # it takes a while to start again
        at_s += chance.uniform(*PAUSE_S)
    return faults
