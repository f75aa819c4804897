"""What a client does about what happens: answers, stream bytes, clock ticks in, actions out. No network, clock or luck inside.

``now`` is a monotonic clock in seconds, ``luck`` a random number in [0, 1) that spreads a fleet; both are arguments, so that
``spec/delivery`` can say as data what any SDK must do. The drivers beside it (threads, asyncio) only carry actions out.

The rules: a snapshot is replaced only by a greater (epoch, revision) of the same environment, whatever goes wrong (`decide`).
Polling makes it correct; the stream makes it quick. A stream says where the environment is, and a GET fetches it.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from cuebook._events import HEARTBEAT_S, Event, Goodbye, Head, Hello, Parser, Retry
from cuebook._exchange import Answer, Request
from cuebook._verify import Verifier
from cuebook.delivery import NOTHING, REFUSED_PAUSE_S, Snapshot, Version, decide, lag_s, pause_s, snapshot_request
from cuebook.errors import BadAnswer, CuebookError, Forbidden, NotVerified, NotYet, Unauthenticated

SAFETY_POLL_S = 60.0
# One heartbeat may be lost, and the next be late.
QUIET_HEARTBEATS = 2.67
STREAM_PAUSE_S_FIRST, STREAM_PAUSE_S_MAX = 0.5, 60.0
RETRY_S_MIN = 0.2
NO_STREAM_PAUSE_S = 600.0
RETRY_S_MAX = 300.0
RECALLED_MAX = 10_000
CHASES_MAX = 5
CHASE_PAUSE_S_FIRST, CHASE_PAUSE_S_MAX = 0.1, 2.0
STALE_POLLS = 3
NO_STREAM_STATUSES = frozenset({404, 405, 501})

Phase = Literal["starting", "ready", "stale", "refused", "closed"]
_log = logging.getLogger("cuebook")


# --- actions -------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Fetch:
    """Send the request to that origin; bring what comes to `answered` or `unanswered`."""

    origin: int
    request: Request


@dataclass(frozen=True, slots=True)
class Listen:
    """Open the stream; bring what comes to `opened`, `heard` and `ended`, with the stream's number."""

    stream: int
    origin: int
    request: Request


@dataclass(frozen=True, slots=True)
class Hangup:
    """Close that stream; nothing it still brings counts."""

    stream: int


@dataclass(frozen=True, slots=True)
class Store:
    """Keep this answer on disk; ``answer`` is ``None`` where the copy is confirmed and only its age changes."""

    snapshot: Snapshot
    answer: Answer | None


@dataclass(frozen=True, slots=True)
class Changed:
    """Another revision is held."""


@dataclass(frozen=True, slots=True)
class Entered:
    """Another phase."""

    phase: Phase


@dataclass(frozen=True, slots=True)
class Wait:
    """Call `tick` at this time unless something else happens before. Always the last action."""

    until: float


Action: TypeAlias = Fetch | Listen | Hangup | Store | Changed | Entered | Wait


def is_refusal(error: CuebookError | None) -> bool:
    """Whether the registry does not accept the key: waiting does not mend that."""
    return isinstance(error, (Unauthenticated, Forbidden))


class Engine:
    """One client's knowledge and plans. Used by one thread at a time; ``snapshot`` may be read by any."""

    def __init__(
        self,
        *,
        environment: str | None = None,
        refresh_s: float = 5.0,
        origins: int = 1,
        events: bool = True,
        stale_after_s: float | None = None,
        agent: str = "",
        verifier: Verifier | None = None,
    ) -> None:
        self.environment, self.refresh_s, self.origins, self.events, self.agent = environment, refresh_s, origins, events, agent
        self.stale_after_s = STALE_POLLS * max(SAFETY_POLL_S, refresh_s) if stale_after_s is None else stale_after_s
        self.verifier = verifier or Verifier()
        self.snapshot: Snapshot = NOTHING
        self.origin = 0
        self.error: CuebookError | None = None  # of the last exchange that told something about the registry
        self.last: CuebookError | None = None  # of the last exchange
        self.failures = 0
        self.fell_back = False  # the application has read its own fallback: the registry is told where nothing is held
        self._recalled: frozenset[Version] = frozenset()
        self.streaming = False  # a stream is open and has said hello
        self._phase: Phase = "starting"
        self._closed = self._fetching = self._whole = False
        self._announced, self._chases = (-1, -1), 0
        # How many recalled versions the streams told of last, and the ETag that was held when that became another number.
        self._told_recalled, self._recall_lacks = None, None  # type: int | None, str | None
        self._stream, self._streams = None, 0  # type: int | None, int
        self._parser = Parser()
        self._stream_pause_s, self._retry_s, self._quiet_s = STREAM_PAUSE_S_FIRST, 0.0, HEARTBEAT_S * QUIET_HEARTBEATS
        self._fetch_at = self._listen_at = self._quiet_at = math.inf
        self._touch_at = -math.inf

    def successor(self) -> Engine:
        """A new engine that holds the same, for the child of a fork or another event loop: all else is somebody else's."""
        new = Engine(
            environment=self.environment,
            refresh_s=self.refresh_s,
            origins=self.origins,
            events=self.events,
            stale_after_s=self.stale_after_s,
            agent=self.agent,
            verifier=self.verifier,
        )
        new.snapshot, new._recalled, new._phase, new._closed = self.snapshot, self._recalled, self._phase, self._closed
        new.fell_back = self.fell_back
        return new

    # --- what happens ----------------------------------------------------------------------------------------------------
    def load(self, snapshot: Snapshot) -> bool:
        """Hold what a file brought, if it is newer than what is held; whether it is."""
        if self.snapshot is not NOTHING and snapshot.order <= self.snapshot.order:
            return False
        self.snapshot = snapshot
        return True

    def start(self, now: float, luck: float, spread_s: float = 0.0) -> list[Action]:
        """Begin; the first request is sent within ``spread_s``, unless one was answered already."""
        if self._fetch_at == math.inf:
            self._fetch_at = now + luck * spread_s
        return self._act(now, [])

    def tick(self, now: float, luck: float) -> list[Action]:
        """Time has passed."""
        actions: list[Action] = []
        if now >= self._quiet_at:
            self._lose(now, luck, actions)
        return self._act(now, actions)

    def want(self, revision: int, now: float) -> list[Action]:
        """Somebody waits for this revision."""
        self._hear_of((max(self.snapshot.epoch, self._announced[0]), revision), now)
        return self._act(now, [])

    def recalled(self, name: str, number: int, now: float) -> list[Action]:
        """A version is harmful: it is served no longer, from no answer. Nobody signs this word: who demands that asks again."""
        if self.verifier.demands:
            return self._act(now, [])
        before = self.snapshot
        if len(self._recalled) < RECALLED_MAX:
            self._recalled |= {(before.aliases.get(name, name), number)}
        self.snapshot = before.without(self._recalled)
        if len(self.snapshot.prompts) < len(before.prompts):
            _log.warning("%s version %d was recalled; it is served no longer", name, number)
        return self._act(now, [])

    def answered(self, answer: Answer, now: float, luck: float) -> list[Action]:
        """An answer to a `Fetch`, or to `request`."""
        before, actions = self.snapshot, list[Action]()
        self._fetching = False
        try:
            snapshot = decide(before, answer, now, environment=self.environment, judge=self.verifier)
        except NotYet as error:  # about one revision; what is held is as fresh as before
            self.last = error
            self._plan(now, luck, error.retry_after_s or 0.0)
        except CuebookError as error:
            self._fail(error, now, luck)
        else:
            self._take(snapshot, answer, now, luck, actions)
        return self._act(now, actions)

    def unanswered(self, error: CuebookError, now: float, luck: float) -> list[Action]:
        """No answer came."""
        self._fetching = False
        self._fail(error, now, luck)
        return self._act(now, [])

    def opened(self, stream: int, status: int, headers: Mapping[str, str], now: float, luck: float) -> list[Action]:
        """The answer's head of a `Listen`."""
        actions: list[Action] = []
        if stream != self._stream:
            return self._act(now, actions)
        answer = Answer(status, headers, b"")
        if status == 200 and headers.get("content-type", "").startswith("text/event-stream"):
            self._quiet_at = now + self._quiet_s
        elif status in NO_STREAM_STATUSES:  # an older server, or a proxy that lets none through
            self._hang_up(actions)
            self._listen_at = now + NO_STREAM_PAUSE_S * (0.8 + 0.4 * luck)
        elif status in {401, 403}:
            self._hang_up(actions)
            self._listen_at, self._fetch_at = now + REFUSED_PAUSE_S * (0.8 + 0.4 * luck), now
        else:
            self._lose(now, luck, actions, answer.retry_after_s or 0.0)
        return self._act(now, actions)

    def heard(self, stream: int, chunk: bytes, now: float, luck: float) -> list[Action]:
        """Bytes of the stream's body. Any of them, a comment too, says that it lives."""
        actions: list[Action] = []
        if stream == self._stream:
            self._quiet_at = now + self._quiet_s
            try:
                for event in self._parser.feed(chunk):
                    self._react(event, now, luck, actions)
                    if not self.hears(stream):
                        break
            except BadAnswer as error:
                _log.warning("the event stream is dropped: %s", error)
                self._lose(now, luck, actions)
                self._whole, self._fetch_at = True, now
        return self._act(now, actions)

    def ended(self, stream: int, now: float, luck: float) -> list[Action]:
        """The stream could not be opened, broke, or was closed: that a server closes cleanly and at once is a failure too."""
        actions: list[Action] = []
        if stream == self._stream:
            self._lose(now, luck, actions, hung_up=True)
        return self._act(now, actions)

    def close(self, now: float) -> list[Action]:
        """End everything; what is held can still be read."""
        actions: list[Action] = []
        self._closed = True
        self._hang_up(actions)
        return self._act(now, actions)

    # --- what it says ----------------------------------------------------------------------------------------------------
    def request(self, min_revision: int | None = None) -> Request:
        """The request for what is newer than what is held."""
        request = snapshot_request(self.snapshot, environment=self.environment, min_revision=min_revision, whole=self._whole)
        return Request(request.method, request.path, request.params, {**request.headers, **self._about()})

    @property
    def confirmed(self) -> bool:
        """Whether the registry itself brought or confirmed what is held."""
        return self.snapshot is not NOTHING and self.snapshot.source == "network"

    def hears(self, stream: int) -> bool:
        """Whether what this stream brings still counts."""
        return stream == self._stream and not self._closed

    def phase(self, now: float) -> Phase:
        """See `State`."""
        if self._closed:
            return "closed"
        if is_refusal(self.error):
            return "refused"
        if self.snapshot is NOTHING:
            return "starting"
        good = self.error is None and self.confirmed and now < self._stale_at
        return "ready" if good else "stale"

    # --- exchanges -------------------------------------------------------------------------------------------------------
    def _take(self, snapshot: Snapshot, answer: Answer, now: float, luck: float, actions: list[Action]) -> None:
        before = self.snapshot
        if self.error is not None:
            _log.info("the registry answers again")
        self.error, self.last, self.failures, self._whole = None, None, 0, False
        snapshot.freshness.confirmed_at = max(snapshot.freshness.confirmed_at, now - lag_s(answer.headers))
        self.snapshot = snapshot.without(self._recalled)
        same = snapshot.order == before.order and snapshot.environment == before.environment
        if not same or now >= self._touch_at:
            self._touch_at = now + SAFETY_POLL_S
            actions.append(Store(snapshot, None if same else answer))
        if not same:
            _log.info("holding %s at revision %s", snapshot.environment, snapshot.revision)
            actions.append(Changed())
        self._plan(now, luck, 0.0)
        if self.events and self._stream is None and self._listen_at == math.inf:
            self._listen_at = now

    def _fail(self, error: CuebookError, now: float, luck: float) -> None:
        then = "nothing is held yet" if self.snapshot is NOTHING else "what is held is served on"
        if is_refusal(error) and not is_refusal(self.error):
            _log.error("the registry refuses this client's key; %s: %s", then, error)
        elif isinstance(error, NotVerified) and not isinstance(self.error, NotVerified):
            _log.error("an answer is not used; %s: %s", then, error)
        elif self.failures == 0:
            _log.warning("the registry gave no new answer; %s: %s", then, error)
        else:
            _log.debug("still no new answer: %s", error)
        self.error, self.last, self.failures = error, error, self.failures + 1
        self.origin = (self.origin + 1) % self.origins
        rounds, others = divmod(self.failures, self.origins)
        held = self.snapshot is not NOTHING
        self._fetch_at = now if others else now + pause_s(self.refresh_s, rounds, error, held=held, luck=luck)

    def _hear_of(self, order: tuple[int, int], now: float) -> None:
        if order > max(self.snapshot.order, self._announced):
            self._announced, self._chases = order, 0
            if self.error is None or not self.error.retry_after_s:
                self._fetch_at = now

    def _hear_of_recall(self, now: float) -> None:
        """What comes with the revision is another: ask until another answer than this one is held."""
        self._recall_lacks, self._chases = self.snapshot.etag, 0
        if self.error is None or not self.error.retry_after_s:
            self._fetch_at = now

    @property
    def _behind(self) -> bool:
        """Whether less is held than was announced."""
        return self._announced > self.snapshot.order or self._recall_lacks == self.snapshot.etag

    def _plan(self, now: float, luck: float, retry_after_s: float) -> None:
        """When to ask next, after an answer that is none of a failure."""
        if self._fetch_at <= now:
            return  # something was heard while the answer was on its way
        if not self._behind or self._chases >= CHASES_MAX:
            self._announced, self._recall_lacks, self._chases = (-1, -1), None, 0
            self._fetch_at = now + pause_s(self._poll_s, 0, None, held=True, luck=luck)
            return
        # The node that answered is behind the one that announced: ask again soon, some times, and then as ever.
        self._chases += 1
        self.origin = (self.origin + 1) % self.origins
        pause = min(CHASE_PAUSE_S_FIRST * 2.0 ** (self._chases - 1), CHASE_PAUSE_S_MAX)
        self._fetch_at = now + max(pause * (0.5 + 0.5 * luck), retry_after_s * (1.0 + 0.2 * luck))

    # --- the stream ------------------------------------------------------------------------------------------------------
    def _react(self, event: Event, now: float, luck: float, actions: list[Action]) -> None:
        match event:
            case Hello(epoch, revision, heartbeat_s, recalled):
                self._quiet_s = heartbeat_s * QUIET_HEARTBEATS
                self._quiet_at = now + self._quiet_s
                self._greet((epoch, revision), recalled, now)
                self._fetch_at = now  # what was missed while nobody listened is only found by asking
            case Head(epoch, revision, recalled):
                self._greet((epoch, revision), recalled, now)
            case Goodbye(reason, retry_ms):
                self._lose(now, luck, actions)
                if retry_ms is not None:
                    self._listen_at = now + min(max(retry_ms / 1000, STREAM_PAUSE_S_FIRST), RETRY_S_MAX)
                if reason == "revoked":
                    self._fetch_at = now
            case Retry(ms):
                self._retry_s = min(ms / 1000, RETRY_S_MAX)

    def _greet(self, order: tuple[int, int], recalled: int | None, now: float) -> None:
        self.streaming, self._stream_pause_s = True, STREAM_PAUSE_S_FIRST
        self._hear_of(order, now)
        told, self._told_recalled = self._told_recalled, recalled
        if told is not None and recalled not in {told, None}:
            self._hear_of_recall(now)

    def _lose(
        self, now: float, luck: float, actions: list[Action], retry_after_s: float = 0.0, *, hung_up: bool = False
    ) -> None:
        """The stream is over: come back after a decorrelated pause, and poll meanwhile.

        Where it had begun, the server's own `retry` counts alone: it knows how many lost theirs at the same moment.
        """
        told = self._retry_s if self.streaming else 0.0
        self._hang_up(actions, hung_up=hung_up)
        base = STREAM_PAUSE_S_FIRST
        self._stream_pause_s = min(base + luck * (3 * self._stream_pause_s - base), STREAM_PAUSE_S_MAX)
        pause = max(told, RETRY_S_MIN) if told else max(self._stream_pause_s, self._retry_s)
        self._listen_at = now + max(pause, retry_after_s * (1.0 + 0.2 * luck))
        self._fetch_at = min(self._fetch_at, now + pause_s(self.refresh_s, 0, None, held=True, luck=luck))

    def _hang_up(self, actions: list[Action], *, hung_up: bool = False) -> None:
        if self._stream is not None and not hung_up:
            actions.append(Hangup(self._stream))
        self.streaming, self._stream, self._quiet_at = False, None, math.inf

    # --- plans -----------------------------------------------------------------------------------------------------------
    def _act(self, now: float, actions: list[Action]) -> list[Action]:
        """Add what is due now, and until when to wait."""
        if not self._closed:
            if now >= self._fetch_at and not self._fetching:
                self._fetching, self._fetch_at = True, math.inf
                wanted = self._announced[1] if self._announced > self.snapshot.order else None
                actions.append(Fetch(self.origin, self.request(wanted)))
            if now >= self._listen_at and self._stream is None:
                self._streams += 1
                self._stream, self._listen_at, self._parser = self._streams, math.inf, Parser()
                self._quiet_at = now + self._quiet_s  # also for a server that takes the connection and says nothing
                params = {"environment": self.environment} if self.environment else {}
                headers = {"Accept": "text/event-stream", **self._about()}
                actions.append(Listen(self._stream, self.origin, Request("GET", "/v1/events", params, headers)))
        phase = self.phase(now)
        if phase != self._phase:
            self._phase = phase
            actions.append(Entered(phase))
        return [*actions, Wait(self._wake_at(now))]

    def _wake_at(self, now: float) -> float:
        if self._closed:
            return math.inf
        fetch_at = math.inf if self._fetching else self._fetch_at
        listen_at = math.inf if self._stream is not None else self._listen_at
        stale_at = self._stale_at if self._phase == "ready" and self._stale_at > now else math.inf
        return min(fetch_at, listen_at, self._quiet_at, stale_at)

    @property
    def _poll_s(self) -> float:
        return max(SAFETY_POLL_S, self.refresh_s) if self.streaming else self.refresh_s

    @property
    def _stale_at(self) -> float:
        return self.snapshot.freshness.confirmed_at + self.stale_after_s

    def _about(self) -> dict[str, str]:
        held = self.snapshot
        applied = {} if held is NOTHING else {"Cuebook-Applied": f"{held.epoch}:{held.revision}"}
        source = ("fallback" if self.fell_back else "none") if held is NOTHING else held.source
        return {**applied, "Cuebook-Client": f"{self.agent} {source}"} if self.agent else applied
