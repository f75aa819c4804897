"""What readers of one client see: one reference to the prompts of one snapshot, and a longer way for what is not there."""

from __future__ import annotations

import copy
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from cuebook.delivery import NOTHING, Fallback, Snapshot, fallback_prompt
from cuebook.engine import Engine, Phase, is_refusal
from cuebook.errors import CuebookError, PromptUnavailable
from cuebook.prompt import Prompt, Source

FALLBACK_NAMES_MAX = 1_000
SESSIONS_MAX, SESSION_PROMPTS_MAX = 10_000, 1_000
Require = Literal["any", "fresh"]
OnMaxStale = Literal["serve", "fallback", "raise"]
_NO_PROMPTS: Mapping[str, Prompt] = {}
_log = logging.getLogger("cuebook")


@dataclass(frozen=True, slots=True)
class State:
    """How a client is doing.

    ``phase``: ``starting`` (nothing held yet), ``ready``, ``stale`` (what is held is served on, but the last exchange failed,
    or the registry has not confirmed it in this process, or for too long), ``refused`` (the key is not accepted; what is held
    is served on) or ``closed``. ``source``: where what is held came from: network, disk or bundle. ``age``: seconds since the
    registry last confirmed it. ``streaming``: whether the registry tells of changes at once. ``url``: who is asked now.
    ``fallbacks``: how many reads got the caller's fallback. ``verified``: whether signatures are checked, in words, and why
    not. ``unverified``: how many answers were not used because of their signatures. ``instance``: this client's name
    in `cuebook fleet`.
    """

    phase: Phase
    environment: str | None
    epoch: int | None
    revision: int | None
    source: Source | None
    age: float
    streaming: bool
    url: str
    error: CuebookError | None
    fallbacks: int
    verified: str
    unverified: int
    instance: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be served: anything held, only what the registry confirmed to this process, or only what is young enough."""

    require: Require = "any"
    max_stale: float | None = None
    on_max_stale: OnMaxStale = "serve"

    @property
    def need_a_clock(self) -> bool:
        """Whether every read has to look at the clock."""
        return self.max_stale is not None and self.on_max_stale != "serve"


class Held:
    """Readers take ``live`` once and need nothing else. It is empty where reads must go the longer way, by `find`."""

    def __init__(self, urls: list[str], engine: Engine, limits: Limits | None = None) -> None:
        self.urls, self.engine, self.limits = urls, engine, limits or Limits()
        self.live: Mapping[str, Prompt] = _NO_PROMPTS
        self.tried: dict[str, str] = {}
        self._fallbacks = 0
        self._warned: set[str] = set()
        self._pins: OrderedDict[str, dict[str, Prompt]] = OrderedDict()
        self._lock = threading.Lock()

    def publish(self) -> None:
        """Let quick reads see what the engine holds now."""
        quick = self._served is not NOTHING and not self.limits.need_a_clock
        self.live = self.engine.snapshot.prompts if quick else _NO_PROMPTS

    def renew(self) -> None:
        """In the child of a fork, or on another loop: nothing is live before the next use, which starts a driver."""
        self.live, self.engine, self._lock = _NO_PROMPTS, self.engine.successor(), threading.Lock()

    @property
    def settled(self) -> bool:
        """Whether waiting for a first snapshot makes no more sense: it is there, or the key was refused."""
        return self._served is not NOTHING or is_refusal(self.engine.error)

    def may_come(self, names: Iterable[str]) -> bool:
        """Whether the registry's first word is worth waiting for: what a file lacks may have been released since."""
        engine = self.engine
        asked = engine.confirmed or engine.failures or self._served is NOTHING
        return not asked and any(engine.snapshot.look(name) is None for name in names)

    def find(self, name: str, fallback: Fallback | None) -> Prompt:
        """A prompt of the snapshot held, else the fallback, else the error that says why there is none."""
        return self._find(self._usable(), name, fallback)

    def find_many(self, names: Iterable[str], fallbacks: Mapping[str, Fallback] | None) -> dict[str, Prompt]:
        """Several prompts of one revision."""
        snapshot, given = self._usable(), fallbacks or {}
        return {name: self._find(snapshot, name, given.get(name)) for name in names}

    def find_pinned(self, session: str, name: str, fallback: Fallback | None) -> Prompt:
        """A prompt as this session first got it, unless it was withdrawn since. A fallback is not kept."""
        snapshot = self._usable()
        if snapshot is NOTHING:
            return self._find(snapshot, name, fallback)
        with self._lock:
            pins = self._pins.setdefault(session, {})
            self._pins.move_to_end(session)
            if len(self._pins) > SESSIONS_MAX:
                self._pins.popitem(last=False)
            kept = pins.get(name)
            if kept is None or snapshot.withdrew(kept):
                pins.pop(name, None)
                kept = snapshot.look(name)
                if kept is not None and len(pins) < SESSION_PROMPTS_MAX:
                    pins[name] = kept
        return kept if kept is not None else self._find(snapshot, name, fallback)

    def names(self) -> list[str]:
        """The names served, sorted. Raises `PromptUnavailable` where nothing is held."""
        snapshot = self._usable()
        if snapshot is NOTHING:
            raise self.unavailable("The list of prompts")
        return sorted(snapshot.prompts)

    def state(self) -> State:
        """How this client is doing."""
        engine, now = self.engine, time.monotonic()
        snapshot = engine.snapshot
        held = snapshot is not NOTHING
        return State(
            engine.phase(now),
            snapshot.environment or None,
            snapshot.epoch if held else None,
            snapshot.revision if held else None,
            snapshot.source if held else None,
            now - snapshot.freshness.confirmed_at,
            engine.streaming,
            self.urls[engine.origin],
            engine.error,
            self._fallbacks,
            engine.verifier.told,
            engine.verifier.refused,
            engine.agent.partition(" ")[2],
        )

    def unavailable(self, what: str) -> CuebookError:
        """Why nothing can be served: everything that was tried."""
        engine = self.engine
        if engine.error is not None and is_refusal(engine.error):
            return copy.copy(engine.error)  # each raise its own, so that tracebacks do not pile up on a shared one
        urls, count, snapshot = " and ".join(self.urls), engine.failures, engine.snapshot
        network = f"Network: {urls} answered." if engine.confirmed else f"Network: no answer from {urls} yet."
        if engine.error is not None:
            failures = "1 failure" if count == 1 else f"{count} failures"
            network = f"Network: {urls} was asked, {failures}, the last: {engine.error}"
        files = "".join(f"{source}: {why} " for source, why in self.tried.items())
        memory = ""
        if snapshot is not NOTHING:
            age = f"{time.monotonic() - snapshot.freshness.confirmed_at:.0f} s old"
            memory = f"Memory: revision {snapshot.revision} is held, {age}, but not fresh enough for this client. "
        return PromptUnavailable(f"{what} is not to be had. {memory}{files}{network}")

    @property
    def _served(self) -> Snapshot:
        engine = self.engine
        return engine.snapshot if engine.confirmed or self.limits.require == "any" else NOTHING

    def _usable(self) -> Snapshot:
        """What may be served now; nothing where it is too old for the caller."""
        snapshot, limits = self._served, self.limits
        if limits.max_stale is None or limits.on_max_stale == "serve" or snapshot is NOTHING:
            return snapshot
        if time.monotonic() - snapshot.freshness.confirmed_at <= limits.max_stale:
            return snapshot
        if limits.on_max_stale == "raise":
            raise self.unavailable("A prompt that is young enough")
        return NOTHING

    def _find(self, snapshot: Snapshot, name: str, fallback: Fallback | None) -> Prompt:
        prompt = snapshot.look(name)
        if prompt is not None:
            return prompt
        if fallback is None:
            raise self.unavailable(name) if snapshot is NOTHING else snapshot.refusal(name)
        self._count(name, snapshot)
        return fallback_prompt(name, fallback)

    def _count(self, name: str, snapshot: Snapshot) -> None:
        # A silent fallback is worse than an error: it is counted, and said once for each name.
        with self._lock:
            self._fallbacks += 1
            self.engine.fell_back = True
            if name in self._warned or len(self._warned) >= FALLBACK_NAMES_MAX:
                return
            self._warned.add(name)
        why = self.unavailable(name) if snapshot is NOTHING else snapshot.refusal(name)
        _log.warning("the fallback in the code is used for %s: %s", name, why)
