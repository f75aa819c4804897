"""What one client knows: one reference to one immutable snapshot, and beside it how the last exchange went."""

from __future__ import annotations

import copy
import logging
import random
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from cuebook._exchange import Answer, Request
from cuebook.delivery import NOTHING, Fallback, Snapshot, decide, fallback_prompt, lag_s, pause_s, snapshot_request
from cuebook.errors import CuebookError, Forbidden, NotYet, PromptUnavailable, Unauthenticated
from cuebook.prompt import Prompt

FALLBACK_NAMES_MAX = 1_000
RECALLED_MAX = 10_000
_log = logging.getLogger("cuebook")


@dataclass(frozen=True, slots=True)
class State:
    """How a client is doing.

    ``phase``: ``starting`` (nothing held yet), ``ready``, ``stale`` (the last exchange failed; what is held is served on) or
    ``refused`` (the registry does not accept the key; what is held is served on). ``age``: seconds since the registry last
    confirmed what is held. ``fallbacks``: how many reads got the caller's fallback.
    """

    phase: Literal["starting", "ready", "stale", "refused"]
    environment: str | None
    revision: int | None
    age: float
    error: CuebookError | None
    fallbacks: int


class Held:
    """Readers take ``snapshot`` once and need nothing else; one exchange at a time may replace it."""

    def __init__(self, url: str, *, environment: str | None, refresh_s: float) -> None:
        self.url, self.environment, self.refresh_s = url, environment, refresh_s
        self.snapshot: Snapshot = NOTHING
        self.error: CuebookError | None = None
        self.failures = 0
        self._fallbacks = 0
        self._warned: set[str] = set()
        self._counting = threading.Lock()
        self._recalled: set[tuple[str, int]] = set()
        self._replacing = threading.Lock()  # a recall heard while an answer is read must not be lost

    @property
    def settled(self) -> bool:
        """Whether waiting for a first snapshot makes no more sense: it is there, or the key was refused."""
        return self.snapshot is not NOTHING or self._refused(self.error)

    def request(self, min_revision: int | None = None) -> Request:
        """The request for what is newer than what is held."""
        return snapshot_request(self.snapshot, environment=self.environment, min_revision=min_revision)

    def take(self, answer: Answer) -> bool:
        """Hold what the answer brings, if it is good; whether that is another revision. Raises what was wrong with it."""
        before, now = self.snapshot, time.monotonic()
        try:
            snapshot = decide(before, answer, now, environment=self.environment)
        except NotYet:  # about one caller's `min_revision`; what is held is as fresh as before
            raise
        except CuebookError as error:
            self.fail(error)
            raise
        if self.error is not None:
            _log.info("the registry answers again")
        self.error, self.failures = None, 0
        snapshot.freshness.confirmed_at = max(snapshot.freshness.confirmed_at, now - lag_s(answer.headers))
        with self._replacing:
            self.snapshot = snapshot.without(self._recalled)
        if changed := (snapshot.epoch, snapshot.revision) != (before.epoch, before.revision):
            _log.info("holding %s at revision %s", snapshot.environment, snapshot.revision)
        return changed

    def drop(self, name: str, number: int) -> bool:
        """Serve a recalled version no longer, from no answer; whether it was being served."""
        with self._replacing:
            before = self.snapshot
            if len(self._recalled) < RECALLED_MAX:
                self._recalled.add((before.aliases.get(name, name), number))
            self.snapshot = before.without(self._recalled)
        if dropped := self.snapshot is not before:
            _log.warning("%s version %d was recalled; it is served no longer", name, number)
        return dropped

    def fail(self, error: CuebookError) -> None:
        """Remember a failed exchange. Said aloud once: at the first failure, and when the key is refused."""
        then = "nothing is held yet" if self.snapshot is NOTHING else "what is held is served on"
        if self._refused(error) and not self._refused(self.error):
            _log.error("the registry refuses this client's key; %s: %s", then, error)
        elif self.failures == 0:
            _log.warning("the registry gave no new answer; %s: %s", then, error)
        else:
            _log.debug("still no new answer: %s", error)
        self.error, self.failures = error, self.failures + 1

    def pause(self) -> float:
        """Seconds until the next exchange."""
        luck = random.random()  # noqa: S311  spreads a fleet's requests, hides nothing
        return pause_s(self.refresh_s, self.failures, self.error, held=self.snapshot is not NOTHING, luck=luck)

    def find(self, name: str, fallback: Fallback | None) -> Prompt:
        """A prompt of the snapshot held, else the fallback, else the error that says why there is none."""
        return self._find(self.snapshot, name, fallback)

    def find_many(self, names: Iterable[str], fallbacks: Mapping[str, Fallback] | None) -> dict[str, Prompt]:
        """Several prompts of one revision."""
        snapshot, given = self.snapshot, fallbacks or {}
        return {name: self._find(snapshot, name, given.get(name)) for name in names}

    def names(self) -> list[str]:
        """The names served, sorted. Raises `PromptUnavailable` where nothing is held."""
        if self.snapshot is NOTHING:
            raise self.unavailable("The list of prompts")
        return sorted(self.snapshot.prompts)

    def state(self) -> State:
        """How this client is doing."""
        snapshot, error = self.snapshot, self.error
        held = snapshot is not NOTHING
        phase: Literal["starting", "ready", "stale", "refused"] = "ready" if held else "starting"
        if error is not None and (held or self._refused(error)):
            phase = "refused" if self._refused(error) else "stale"
        age = time.monotonic() - snapshot.freshness.confirmed_at
        return State(phase, self.serving, snapshot.revision if held else None, age, error, self._fallbacks)

    @property
    def serving(self) -> str | None:
        """The environment of what is held."""
        return self.snapshot.environment or None

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
        with self._counting:
            self._fallbacks += 1
            if name in self._warned or len(self._warned) >= FALLBACK_NAMES_MAX:
                return
            self._warned.add(name)
        why = self.unavailable(name) if snapshot is NOTHING else snapshot.refusal(name)
        _log.warning("the fallback in the code is used for %s: %s", name, why)

    def unavailable(self, what: str) -> CuebookError:
        if self.error is not None and self._refused(self.error):
            return copy.copy(self.error)  # each raise its own, so that tracebacks do not pile up on a shared one
        last = f"the last answer: {self.error.detail}" if self.error else "no answer yet"
        return PromptUnavailable(f"{what} is not to be had: {self.url} was asked, {self.failures} failures, {last}")

    @staticmethod
    def _refused(error: CuebookError | None) -> bool:
        return isinstance(error, (Unauthenticated, Forbidden))
