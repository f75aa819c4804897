"""After a fork the child goes on with what the parent held, and with nothing of what the parent uses: locks, sockets, threads.

Only the child does anything. It keeps the snapshot, drops the sockets without a word on the wire (they are the parent's), and
starts anew at its first read. Children that never read pay nothing.
"""

from __future__ import annotations

import logging
import os
import weakref
from typing import Protocol

_log = logging.getLogger("cuebook")


class Forked(Protocol):
    """Who wants to know."""

    def _after_fork(self) -> None:
        """Called in the child."""


# By identity, not a `WeakSet`: another thread may add one while this one looks through them, for which a set raises.
_watched: weakref.WeakValueDictionary[int, Forked] = weakref.WeakValueDictionary()


def watch(client: Forked) -> None:
    """Tell this one after a fork, as long as somebody else holds it."""
    _watched[id(client)] = client


def watched() -> list[Forked]:
    """Who is told of forks: everybody of this process that somebody holds."""
    return [client for held in _watched.valuerefs() if (client := held()) is not None]


def _in_child() -> None:
    for client in watched():
        try:
            client._after_fork()  # noqa: SLF001 - no part of the surface, and of this package
        except Exception:  # noqa: BLE001 - the application's fork must not fail because a prompt client could not be renewed
            _log.exception("a client could not be renewed after a fork")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
