"""Event streams: every client is told where its environment stands, the newest only.

No client has a timer of its own, and no task but the request that waits for the connection to end. One place writes to all.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import takewhile

from cuebook_server.delivery import events
from cuebook_server.delivery.answer import STREAM, Open, Pipe, Receive, Scope
from cuebook_server.delivery.board import NO_RECALLS, Board, Grant
from cuebook_server.delivery.events import Place, Reason
from cuebook_server.delivery.limits import Limits, spread_s
from cuebook_server.delivery.portions import Portions
from cuebook_server.delivery.snapshot import recalled
from cuebook_server.domain.errors import CuebookError, Draining, NoStreams, TooManyStreams, Unavailable
from cuebook_server.services.ports import EnvironmentKey, Recalls

log = logging.getLogger(__name__)
HEARTBEAT_S = 15.0
LIFE_S = 1_800.0
LIFE_JITTER = 0.2
STALLED_S = 30.0
LINES = (
    b"content-type: text/event-stream\r\ncache-control: no-store, no-transform\r\nx-accel-buffering: no\r\n"
    b"vary: Authorization, Accept-Encoding\r\nx-content-type-options: nosniff\r\n"
)
_TICK_S = 0.1
_RETRY_AFTER_S = (5, 30)
Order = tuple[int, int, int]  # epoch, revision, versions recalled


class Channel:
    """One environment: who listens, and what they are told."""

    def __init__(self, place: Place) -> None:
        self.streams: dict[Stream, None] = {}
        self.busy = False
        self.move(place)

    def move(self, place: Place) -> None:
        """From now on this is where the environment stands."""
        self.order: Order = place.order
        self._before = (place.snapshot.epoch, place.snapshot.since)
        self._changed = events.head(place, changed=True)
        self._plain = events.head(place, changed=False)

    def head(self, known: Order) -> bytes:
        """The event for somebody who knew this much: what changed is told to those who missed nothing before it."""
        return self._changed if known[:2] == self._before else self._plain


class Stream:
    """One client. Its mailbox has one slot: while the connection takes nothing, only that there is news is remembered."""

    __slots__ = ("_streams", "address", "channel", "ends_at", "known", "pipe", "turn", "verifier", "waiting")
    channel: Channel
    pipe: Pipe

    def __init__(self, streams: Streams, verifier: bytes, address: str, ends_at: float) -> None:
        self._streams, self.verifier, self.address, self.ends_at = streams, verifier, address, ends_at
        self.known: Order = (0, 0, 0)
        self.waiting = False
        self.turn = 0

    def tell(self) -> None:
        """Tell the newest head, now or when the connection takes something again."""
        if self.known >= self.channel.order:
            return
        if self in self._streams.full:
            self._streams.board.counters.mailbox_overwrites += self.waiting
            self.waiting = True
            return
        self.known, known = self.channel.order, self.known
        self.pipe.write(self.channel.head(known))

    def full(self) -> None:
        """The connection takes nothing more for now."""
        self._streams.full[self] = time.monotonic()

    def free(self) -> None:
        """It has taken everything."""
        self._streams.full.pop(self, None)
        if self.waiting:
            self.waiting = False
            self.tell()

    def leave(self) -> None:
        """The server ends."""
        self._streams.end(self, "drain")


class Streams:
    """The event streams of one server process. Used from one event loop, but for ``wake``."""

    def __init__(
        self,
        board: Board,
        limits: Limits,
        *,
        heartbeat_s: float = HEARTBEAT_S,
        life_s: float = LIFE_S,
        stalled_s: float = STALLED_S,
    ) -> None:
        self.board, self._limits, self.most = board, limits, limits.streams
        self._heartbeat_s, self._life_s, self._stalled_s = heartbeat_s, life_s, stalled_s
        self.draining, self._crowd = False, 0
        self.full: dict[Stream, float] = {}  # since when each has taken nothing, the longest first
        self._channels: dict[EnvironmentKey, Channel] = {}
        self._places: dict[EnvironmentKey, tuple[Place, Recalls]] = {}
        self._by_key: dict[bytes, dict[Stream, None]] = {}
        self._by_address: Counter[str] = Counter()
        self._wheel: list[dict[Stream, None]] = [{} for _ in range(max(1, round(heartbeat_s / _TICK_S)))]
        self._turn, self._ticking = 0, False
        self._keys = board.keys
        self._portions = Portions()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = False
        board.changed = self.wake

    def __len__(self) -> int:
        return self._by_address.total()

    async def serve(self, scope: Scope, receive: Receive, grant: Grant, key: EnvironmentKey) -> bool:
        """Stream to a client until it goes (true) or is sent away. Raises when it is not taken in."""
        open_: Open | None = (scope.get("extensions") or {}).get(STREAM)
        if open_ is None:
            raise NoStreams
        client, verifier = scope.get("client"), bytes.fromhex(grant.key.verifier)
        address = client[0] if client else ""
        self._admit(verifier, address)
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self.wake()  # for what was replaced while nobody could be told
        life_s = self._life_s * random.uniform(1 - LIFE_JITTER, 1 + LIFE_JITTER)  # noqa: S311 - jitter, not a secret
        stream = Stream(self, verifier, address, time.monotonic() + life_s)
        # A newcomer hears where the board stands, which may be further than what the others are being told.
        place = self._place(key)
        stream.known = place.order
        first = events.hello(place, self._heartbeat_s, life_s, len(self) + 1) + events.head(place, changed=False)
        pipe = open_(LINES, first, stream)
        if pipe is None:
            return True
        self._enter(stream, pipe, key, place)
        try:
            while (await receive())["type"] != "http.disconnect":
                pass
            return stream in stream.channel.streams
        finally:
            self._forget(stream)

    def wake(self) -> None:
        """Something on the board was replaced. Safe from any thread."""
        if self._loop is None or self._woken:
            return
        self._woken = True
        try:
            self._loop.call_soon_threadsafe(self._look)
        except RuntimeError:
            log.debug("nobody is told: the event loop has ended")

    def drain(self) -> None:
        """Take nobody in any more, and send everybody away."""
        self.draining, self._crowd = True, len(self)
        self._portions.begin(self._end([stream for streams in self._by_key.values() for stream in streams], "drain"))

    def end(self, stream: Stream, reason: Reason) -> None:
        """Say goodbye to a client; to one that takes nothing there is nothing to say."""
        if stream not in stream.channel.streams:
            return
        self.board.counters.goodbyes[reason] += 1
        if stream not in self.full:
            stream.pipe.write(events.goodbye(reason, self._crowd if reason == "drain" else 0))
        taken = stream not in self.full
        self._forget(stream)
        if taken:
            stream.pipe.end()
        else:
            stream.pipe.cut()

    # --- who is here -----------------------------------------------------------------------------------------------------
    def _admit(self, verifier: bytes, address: str) -> None:
        if self.draining:
            raise Draining(retry_after_s=spread_s(1, 5))
        for what, there_are, most in (
            ("streams", len(self), self.most),
            ("streams_of_a_key", len(self._by_key.get(verifier, ())), self._limits.key_streams),
            ("streams_of_an_address", self._by_address[address], self._limits.address_streams),
        ):
            if there_are >= most:
                self.board.counters.refused[what] += 1
                raise TooManyStreams(f"There are {most} {what.replace('_', ' ')}.", retry_after_s=spread_s(*_RETRY_AFTER_S))

    def _enter(self, stream: Stream, pipe: Pipe, key: EnvironmentKey, place: Place) -> None:
        if key not in self._channels:
            self._channels[key] = Channel(place)
        self.board.counters.requests[200] += 1
        stream.pipe, stream.channel = pipe, self._channels[key]
        stream.channel.streams[stream] = None
        self._by_key.setdefault(stream.verifier, {})[stream] = None
        self._by_address[stream.address] += 1
        stream.turn = random.randrange(len(self._wheel))  # noqa: S311 - who comes together is not written to together
        self._wheel[stream.turn][stream] = None
        if not self._ticking:
            self._ticking = True
            self._tick()

    def _forget(self, stream: Stream) -> None:
        self.full.pop(stream, None)
        if stream not in stream.channel.streams:
            return
        del stream.channel.streams[stream], self._by_key[stream.verifier][stream], self._wheel[stream.turn][stream]
        self._by_address[stream.address] -= 1
        if not self._by_address[stream.address]:
            del self._by_address[stream.address]
        if not self._by_key[stream.verifier]:
            del self._by_key[stream.verifier]

    # --- what they are told ----------------------------------------------------------------------------------------------
    def _look(self) -> None:
        """Find out what was replaced."""
        self._woken = False
        if self._keys is not self.board.keys:
            self._keys = self.board.keys
            self._portions.begin(self._end(self._locked_out(), "revoked"))
        for key, channel in list(self._channels.items()):
            if channel.streams:
                self._spread(key, channel)
            else:
                del self._channels[key]
                self._places.pop(key, None)  # it holds a snapshot

    def _place(self, key: EnvironmentKey) -> Place:
        """Where an environment stands now; its recalled versions are counted once for each change of either."""
        snapshot, recalls = self.board.snapshot(key), self.board.recalled.get(key[0], NO_RECALLS)
        known = self._places.get(key)
        if known is None or known[0].snapshot is not snapshot or known[1] is not recalls:
            count = sum(map(len, recalled(snapshot, recalls).values()))
            known = self._places[key] = (Place(snapshot, count), recalls)
        return known[0]

    def _spread(self, key: EnvironmentKey, channel: Channel) -> None:
        try:
            place = self._place(key)
        except Unavailable:
            return  # a database that was put back may know neither the environment any more nor its keys
        if not channel.busy and channel.order < place.order:
            channel.busy = True
            channel.move(place)
            self._portions.begin(self._tell(key, channel))

    def _tell(self, key: EnvironmentKey, channel: Channel) -> Iterator[None]:
        """Tell everybody, then rest as long as that took: writers without pause must not take the loop from the readers."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for stream in tuple(channel.streams):
            stream.tell()
            yield
        channel.busy = False
        loop.call_later(loop.time() - began, self._spread, key, channel)

    def _end(self, streams: Iterable[Stream], reason: Reason) -> Iterator[None]:
        for stream in streams:
            self.end(stream, reason)
            yield

    def _locked_out(self) -> list[Stream]:
        """Whose key counts no more, now or from where they are."""
        now = datetime.now(UTC)
        return [
            stream
            for verifier, streams in self._by_key.items()
            for stream in streams
            if not _counts(self.board.keys.get(verifier), stream, now)
        ]

    # --- as time goes by -------------------------------------------------------------------------------------------------
    def _tick(self) -> None:
        """Ten times a second: the next share of the heartbeats, and who has used up their time."""
        self._ticking = bool(self._by_address)
        if not self._ticking:
            return
        asyncio.get_running_loop().call_later(_TICK_S, self._tick)
        now, self._turn = time.monotonic(), (self._turn + 1) % len(self._wheel)
        for stream in tuple(self._wheel[self._turn]):
            if stream.ends_at <= now + self._heartbeat_s:
                self.end(stream, "life")
            elif stream not in self.full:
                stream.pipe.write(events.HEARTBEAT)
        for stream, _ in tuple(takewhile(lambda one: one[1] <= now - self._stalled_s, self.full.items())):
            self.end(stream, "slow")
        self._expire()

    def _expire(self) -> None:
        wall = time.time()
        for verifier, streams in tuple(self._by_key.items()):
            grant = self.board.keys.get(verifier)
            if grant is not None and grant.ends_at is not None and grant.ends_at <= wall:
                self._portions.begin(self._end(tuple(streams), "revoked"))


def _counts(grant: Grant | None, stream: Stream, now: datetime) -> bool:
    try:
        if grant is not None:
            grant.key.check(now, stream.address)
    except CuebookError:
        return False
    return grant is not None
