"""What a node counts: plain integers, so that counting costs an addition. The metrics page gives them names and help."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field


@dataclass(slots=True)
class Counters:
    """Counted since the process started.

    requests: answers by HTTP status. propagation_ms: from a revision's commit to this node's memory, summed over
    ``propagations`` (by the database's clock and ours, so skew shows here). copies_taken: starts from the last known good.
    """

    requests: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    unknown_keys: int = 0
    refreshes: int = 0
    refresh_errors: int = 0
    propagations: int = 0
    propagation_ms: int = 0
    copies_taken: int = 0
