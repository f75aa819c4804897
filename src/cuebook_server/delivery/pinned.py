"""Versions other than the one served now: looked up away from the event loop, kept within a bound."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from math import inf
from typing import NamedTuple

from cuebook_server.delivery.snapshot import Entry, Snapshot, entry_of
from cuebook_server.domain.environment import Selector
from cuebook_server.domain.errors import Unavailable
from cuebook_server.services.ports import EnvironmentKey, SnapshotSource

log = logging.getLogger(__name__)
BYTES_MAX = 32 * 1024 * 1024
LOOKUPS_MAX = 8
LOOKUP_TIMEOUT_S = 3.0
_ENTRY_BYTES = 1_024  # what an entry costs besides its body, headers and bookkeeping included
_AWAY = "Only the version served now is known without the database: ask for `stable`, or try again shortly."
Address = tuple[int, EnvironmentKey, int, int]  # epoch, environment, prompt, number: a restored database may number anew


class Found(NamedTuple):
    """A version that is not served now. ``was_live``: it was, in this environment, at some time.

    ``good_until``: on a relay, when the origin is asked again because its signature grows old, in seconds since 1970.
    """

    entry: Entry
    was_live: bool
    good_until: float = inf


Origin = Callable[[Snapshot, str, Selector], Found]


class Pinned:
    """A bounded memory of versions, least recently used out first, in front of ``SnapshotSource.version``.

    Only what was found is kept, never that something was not. Entries come from look-ups and from the board, which hands
    over what a newer release replaced: callers pinned to it are served while the database is away. On a relay the ``origin`` is
    asked instead of the source, because only it knows what may be had.
    """

    def __init__(
        self,
        source: SnapshotSource,
        *,
        origin: Origin | None = None,
        bytes_max: int = BYTES_MAX,
        timeout_s: float = LOOKUP_TIMEOUT_S,
    ) -> None:
        self._source, self._bytes_max, self._timeout_s = source, bytes_max, timeout_s
        self.origin = origin
        self._found: OrderedDict[Address, Found] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()  # the watcher's thread retains, the event loop reads
        self._threads = ThreadPoolExecutor(LOOKUPS_MAX, "cuebook-pinned")

    def retain(self, snapshot: Snapshot, replaced: Iterable[Entry]) -> None:
        """Keep what a newer release replaced. A relay has no signature of its own for it, and asks when somebody wants it."""
        good_until = inf if self.origin is None else 0.0
        for entry in replaced:
            self._keep((snapshot.epoch, snapshot.key, entry.prompt_id, entry.number), Found(entry, True, good_until))

    def recall(self, snapshot: Snapshot, prompt_id: int, number: int) -> Found | None:
        """What is known in memory of a version."""
        address = (snapshot.epoch, snapshot.key, prompt_id, number)
        with self._lock:
            found = self._found.get(address)
            if found is not None:
                self._found.move_to_end(address)
            return found

    async def find(self, snapshot: Snapshot, name: str, number: int) -> Found | None:
        """Look a version up; ``None`` when there is none. Raises ``Unavailable`` when the source does not answer in time."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await asyncio.get_running_loop().run_in_executor(self._threads, self._look_up, snapshot, name, number)
        except Exception as error:
            log.warning("could not look up %s version %d: %r", name, number, error)
            raise Unavailable("The database cannot be asked for this version right now.", hint=_AWAY) from error

    async def ask(self, snapshot: Snapshot, prompt_id: int, name: str, wanted: Selector) -> Entry:
        """On a relay: a version that is not served now, from memory or from the origin. Raises what that refuses."""
        known = self.recall(snapshot, prompt_id, wanted) if isinstance(wanted, int) else None
        if known is not None and time.time() < known.good_until:
            return known.entry
        try:
            found = await self._ask(snapshot, name, wanted)
        except Unavailable:
            if known is None:
                raise
            return known.entry
        if isinstance(wanted, int):
            self._keep((snapshot.epoch, snapshot.key, prompt_id, wanted), found)
        return found.entry

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _ask(self, snapshot: Snapshot, name: str, wanted: Selector) -> Found:
        assert self.origin is not None, "only a relay has an origin"
        try:
            async with asyncio.timeout(self._timeout_s):
                return await asyncio.get_running_loop().run_in_executor(self._threads, self.origin, snapshot, name, wanted)
        except TimeoutError:
            raise Unavailable("The registry cannot be asked for this version right now.", hint=_AWAY) from None

    def _look_up(self, snapshot: Snapshot, name: str, number: int) -> Found | None:
        looked_up = self._source.version(snapshot.key, name, number)
        if looked_up is None or looked_up[0].number is None:
            return None
        served, was_live = looked_up
        found = Found(entry_of(served, number, snapshot.environment.name), was_live)
        self._keep((snapshot.epoch, snapshot.key, served.prompt_id, number), found)
        return found

    def _keep(self, address: Address, found: Found) -> None:
        with self._lock:
            if (before := self._found.pop(address, None)) is not None:
                self._bytes -= len(before.entry.body) + _ENTRY_BYTES
            self._found[address] = found
            self._bytes += len(found.entry.body) + _ENTRY_BYTES
            while self._bytes > self._bytes_max:
                _, oldest = self._found.popitem(last=False)
                self._bytes -= len(oldest.entry.body) + _ENTRY_BYTES
