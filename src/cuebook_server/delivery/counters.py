"""What a node counts: plain integers, so that counting costs an addition. The metrics page gives them names and help."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field


def _by_name() -> defaultdict[str, int]:
    return defaultdict(int)


@dataclass(slots=True)
class Counters:
    """Counted since the process started.

    requests: answers by HTTP status. propagation_ms: from a revision's commit to this node's memory, summed over
    ``propagations`` (by the database's clock and ours, so skew shows here). goodbyes: event streams this node ended, by reason.
    mailbox_overwrites: heads a client never saw because a newer one came before it took them. refused: what admission turned
    away, by what there was too much of. late_requests: connections closed because a request did not come whole in time.
    copies_taken: starts from the last known good. epochs_begun: how often the database was found to have another past.
    signatures: statements signed; signature_errors: those that could not be.
    """

    requests: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    goodbyes: defaultdict[str, int] = field(default_factory=_by_name)
    refused: defaultdict[str, int] = field(default_factory=_by_name)
    unknown_keys: int = 0
    refreshes: int = 0
    refresh_errors: int = 0
    propagations: int = 0
    propagation_ms: int = 0
    copies_taken: int = 0
    epochs_begun: int = 0
    mailbox_overwrites: int = 0
    late_requests: int = 0
    signatures: int = 0
    signature_errors: int = 0
