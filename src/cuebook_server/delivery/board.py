"""What a node holds in memory. Readers take one reference and keep it; every part is replaced whole, never edited."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial

from cuebook_server.delivery.counters import Counters
from cuebook_server.delivery.kept import Kept, Seen
from cuebook_server.delivery.snapshot import Entry, Snapshot, build
from cuebook_server.domain.errors import CuebookError, Unavailable
from cuebook_server.domain.keys import DeliveryKey
from cuebook_server.services.ports import Directory, EnvironmentKey, Fetched, Heads, Recalls, Relayed, SnapshotSource

log = logging.getLogger(__name__)
NO_DIRECTORY = Directory(frozenset(), {})
NO_RECALLS: Recalls = {}
FETCHED_MAX = 100_000
STALE_AFTER_S = 5.0
COMPLAINTS_MAX = 20


def _nobody() -> None:
    """Tells nobody."""


def _bounded(fetched: Mapping[Fetched, float], which: Fetched) -> Fetched:
    """Where there is no room for another prompt of a key, the key counts as one that takes everything."""
    return which if len(fetched) < FETCHED_MAX or which in fetched else (which[0], None)


class Grant:
    """A delivery key as a request needs it. ``guarded``: its time and network must be looked at on every use.

    ``ends_at``: when it expires, in seconds since 1970.
    """

    __slots__ = ("ends_at", "environment", "guarded", "key", "selector")

    def __init__(self, key: DeliveryKey) -> None:
        self.key = key
        self.selector = key.selector
        # A relay's key has no environment of its own: each request names one. There is none with the number 0.
        self.environment: EnvironmentKey = (key.project_id, 0 if key.relays else key.environment_id)
        self.ends_at = key.expires_at.timestamp() if key.expires_at else None
        self.guarded = bool(key.networks) or key.expires_at is not None or key.revoked_at is not None


class Board:
    """Snapshots, keys and directories, always the newest this node has heard of.

    A snapshot gives way only to one with a greater (epoch, revision, policy revision). No error empties anything: what could
    not be loaded stays as it was, and the next refresh tries again. A board serves one registry all its life.

    ``fall_back`` is asked once for what this machine last knew, when the source cannot be read at the start. ``confirmed``: the
    source itself has been read since. ``stale_s_max``: how long what is held counts without the source; 0: for ever, or on a
    relay (``relayed``) as long as its origin says.

    ``recollect`` is asked once how far this machine had seen the registry come (``seen``). ``begin_epoch`` is called with the
    present epoch, the greatest ever seen, and why, when the database has another past than that: nothing of it is served under
    an old epoch.

    ``recalled`` holds, by project, the versions declared harmful; no memory of pinned ones may answer.
    ``fetched`` holds when each key last took a prompt (by its id) or, under ``None``, everything, until that is written down.
    ``changed`` is called after every replacement, from whichever thread made it, and must not block.
    ``retain`` is told which entries a new snapshot replaced, so that a pinned caller still gets them without the database.
    """

    def __init__(
        self,
        source: SnapshotSource,
        *,
        counters: Counters | None = None,
        retain: Callable[[Snapshot, Iterable[Entry]], None] | None = None,
        fall_back: Callable[[], Kept | None] | None = None,
        recollect: Callable[[], Seen | None] | None = None,
        begin_epoch: Callable[[int, int, str], object] | None = None,
        stale_s_max: float = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.counters = counters or Counters()
        self.environments: Mapping[EnvironmentKey, Snapshot] = {}
        self.keys: Mapping[bytes, Grant] = {}
        self.directories: Mapping[int, Directory] = {}
        self.recalled: Mapping[int, Recalls] = {}
        self.registry = ""
        self.writable = False
        self.epoch = 0
        self.seen: Seen | None = None
        self.relayed: Relayed | None = None
        self.loaded = False
        self.confirmed = False
        self.serves_until = math.inf
        self.as_of = 0.0
        self.as_of_line = b""
        self.changed: Callable[[], None] = _nobody
        self.used: dict[str, float] = {}
        self.fetched: dict[Fetched, float] = {}
        self._source, self._retain, self._clock = source, retain, clock
        self._fall_back, self._stale_s_max = fall_back, stale_s_max
        self._recollect, self._begin_epoch = recollect, begin_epoch
        self._from_copy: frozenset[EnvironmentKey] = frozenset()
        self._keyset = -1
        self._directory_counts: dict[int, int] = {}
        self._recall_counts: dict[int, int] = {}
        self._refreshing = threading.Lock()
        self._started = 0
        self._succeeded = False
        self._complaints: set[str] = set()

    def refresh_now(self) -> bool:
        """Bring everything up to date; ``False`` (logged, counted) when something could not be read.

        Safe from any thread. Whoever calls while a refresh is running gets one that started after the call: a promotion
        committed before the call is visible after it.
        """
        wanted = self._started + 1
        with self._refreshing:
            if self._started >= wanted:
                return self._succeeded
            self._started += 1
            self._succeeded = self._refresh()
            return self._succeeded

    @property
    def knows_keys(self) -> bool:
        """Whether the keys were read from the source, and not only from what this machine last knew."""
        return self._keyset >= 0

    @property
    def keyset(self) -> int:
        """What counts the changes of keys, as far as this node has heard of them."""
        return max(self._keyset, 0)

    def beside(self, project_id: int) -> int:
        """Counts what changes a project's answers without a revision: names and recalls. A relay has them in its rules."""
        if self.relayed:
            return 0
        return self._directory_counts.get(project_id, 0) + self._recall_counts.get(project_id, 0)

    def snapshot(self, key: EnvironmentKey) -> Snapshot:
        """What an environment serves now. Raises ``Unavailable`` where it was not loaded yet, or a restore took it away."""
        found = self.environments.get(key)
        if found is None:
            raise Unavailable("This node does not hold the key's environment.")
        return found

    def age_lines(self) -> bytes:
        """The header lines that say when this node was last sure of what it serves; and how long ago, when that is long."""
        age_s = self._clock() - self.as_of
        return self.as_of_line if age_s < STALE_AFTER_S else b"%bcuebook-stale: %d\r\n" % (self.as_of_line, age_s)

    def newest(self, project_id: int, name: bytes) -> int | None:
        """The prompt's newest number, where an environment of the project tracks it; ``None`` where only the source knows."""
        for (project, _), snapshot in self.environments.items():
            if project == project_id and snapshot.environment.tracks_latest and (entry := snapshot.entries.get(name)):
                return entry.number
        return None

    def damaged(self) -> int:
        """How many prompts are not served because their stored content cannot be read."""
        return sum(len(snapshot.damaged) for snapshot in self.environments.values())

    def take_used(self) -> dict[str, datetime]:
        """When each key was last used since the previous call. An answer given meanwhile may be counted next time, or not."""
        used, self.used = self.used, {}
        return {selector: datetime.fromtimestamp(seconds, UTC) for selector, seconds in used.copy().items()}

    def fetch(self, selector: str, prompt_id: int | None) -> None:
        """Note that a key took a prompt, or (``None``) everything: one write to a dictionary."""
        fetched = self.fetched
        fetched[_bounded(fetched, (selector, prompt_id))] = self._clock()

    def take_fetched(self) -> dict[Fetched, datetime]:
        """What was fetched since the previous call, and when, to the minute."""
        fetched, self.fetched = self.fetched, {}
        return {which: datetime.fromtimestamp(seconds // 60 * 60, UTC) for which, seconds in fetched.copy().items()}

    def keep_fetched(self, fetched: Mapping[Fetched, datetime]) -> None:
        """Take back what could not be written down; it is tried again with what comes until then."""
        for which, moment in fetched.items():
            self.fetched.setdefault(_bounded(self.fetched, which), moment.timestamp())

    def write_uses(self) -> None:
        """Write down which keys were used and what they fetched. Raises what the source raises; then it is tried again.

        Not for the thread that refreshes: a database may keep this waiting for other people's changes.
        """
        used, fetched = self.take_used(), self.take_fetched()
        try:
            if used:
                self._source.used(used)
            if fetched:
                self._source.fetched(fetched)
        except Exception:
            self.keep_fetched(fetched)
            self.used = {**{selector: at.timestamp() for selector, at in used.items()}, **self.used}
            raise

    def _refresh(self) -> bool:
        self.counters.refreshes += 1
        asked_at = self._clock()
        try:
            heads = self._heads()
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the source, what this node holds stays
            self._take_copy()
            return self._failed("the heads", error)
        complete = True
        for what, load in self._behind(heads):
            complete &= self._attempt(what, load)
        if complete:
            self._forget(heads)
            self.relayed = heads.relayed
            self._confirm(heads.relayed.as_of if heads.relayed else asked_at)
            self.writable = heads.writable
            self.confirmed = True
            self._recover()
        return complete

    def _confirm(self, as_of: float) -> None:
        way = self.relayed
        self.as_of_line = b"cuebook-as-of: %d\r\n%b" % (as_of * 1000, b"cuebook-depth: %d\r\n" % way.depth if way else b"")
        life_s = self._stale_s_max or (way.life_s if way else 0)
        self.serves_until = as_of + life_s if life_s else math.inf
        self.as_of = as_of
        self.loaded = True

    def _take_copy(self) -> None:
        """Where nothing was read yet: hold what this machine last knew. All of it is read again once the source is back."""
        fall_back, self._fall_back = self._fall_back, None
        if fall_back is None or self.registry or (copy := fall_back()) is None:
            return
        doors = copy.doors
        self.registry, self.epoch, self.environments = doors.registry, doors.epoch, copy.environments
        self.directories, self.recalled, self.relayed = doors.directories, doors.recalled, doors.relayed
        self.keys = {bytes.fromhex(key.verifier): Grant(key) for key in doors.keys}
        self._from_copy = frozenset(copy.environments)
        self._confirm(doors.as_of)
        self.counters.copies_taken += 1
        as_of = datetime.fromtimestamp(self.as_of, UTC)
        source = "origin" if self.relayed else "database"
        log.warning("the %s is away; this node serves what it last knew, as of %s", source, as_of)

    def _heads(self) -> Heads:
        if self._recollect is not None:
            self.seen, self._recollect = self._recollect(), None
        heads = self._ask()
        if (why := self._break(heads)) and heads.writable and self._begin_epoch is not None:
            log.warning("%s: a new epoch begins", why)
            self._begin_epoch(heads.epoch, self._epoch_seen(heads), why)
            self.counters.epochs_begun += 1
            heads = self._ask()
        if why := self._break(heads):
            # A standby that lags, or a file that takes no writes. Its numbers stand for other content: nothing of it counts.
            raise ValueError(f"{why}; nothing of it is served under the old epoch {heads.epoch}")
        if heads.epoch > self.epoch:
            self.epoch, self._keyset, self._directory_counts = heads.epoch, -1, {}
            self._recall_counts, self.fetched = {}, {}
        self.registry = heads.registry
        if self.seen is None or (self.seen.epoch, self.seen.history) != (heads.epoch, heads.history):
            self.seen = Seen(heads.registry, heads.epoch, heads.history)
        return heads

    def _ask(self) -> Heads:
        heads = self._source.heads(self.seen.history if self.seen else {})
        if self.registry and heads.registry != self.registry:
            raise ValueError("this is another registry than the one this process serves; start it anew if that is meant")
        return heads

    def _epoch_seen(self, heads: Heads) -> int:
        """The greatest epoch of this registry that this node knows of."""
        return max(self.epoch, self.seen.epoch if self.seen and self.seen.registry == heads.registry else 0)

    def _break(self, heads: Heads) -> str:
        """Why what the database holds does not go on from what this node has seen under the same epoch; ``""``: it does."""
        seen = self._epoch_seen(heads)
        if heads.moved and heads.writable:
            return "the database is another cluster or timeline than before"
        if heads.epoch < seen:
            return f"the database is at epoch {heads.epoch}, but this node has seen {seen}"
        if heads.epoch > seen:
            return ""
        if not heads.continues and self.seen is not None and self.seen.registry == heads.registry:
            return "the database went back in time: entries of its audit that this node has seen are gone"
        for key, (revision, policy_revision) in heads.environments.items():
            known = self.environments.get(key)
            if known is not None and known.order > (heads.epoch, revision, policy_revision):
                return f"environment {key} is at revision {revision}, but this node has seen {known.revision}"
        return ""

    def _forget(self, heads: Heads) -> None:
        """Let go of environments that the registry never had in its present epoch."""
        if self.environments.keys() - heads.environments.keys():
            self.environments = {key: known for key, known in self.environments.items() if key in heads.environments}

    def _behind(self, heads: Heads) -> Iterator[tuple[str, Callable[[], None]]]:
        """What must be loaded. Keys and recalls first: what was taken away must not wait for a large environment."""
        if heads.keyset > self._keyset:
            yield "the keys", partial(self._load_keys, heads.keyset)
        for project_id, count in heads.recalls.items():
            if count > self._recall_counts.get(project_id, -1):
                yield f"the recalled versions of project {project_id}", partial(self._load_recalled, project_id, count)
        for project_id, count in heads.directories.items():
            if count > self._directory_counts.get(project_id, -1):
                yield f"the directory of project {project_id}", partial(self._load_directory, project_id, count)
        for key, (revision, policy_revision) in heads.environments.items():
            known = self.environments.get(key)
            head = (heads.epoch, revision, policy_revision)
            if known is None or known.order < head or (key in self._from_copy and known.order == head):
                yield f"environment {key}", partial(self._load_environment, key, known, heads.epoch, revision)

    def _load_keys(self, count: int) -> None:
        keys = {bytes.fromhex(key.verifier): Grant(key) for key in self._source.keys()}  # noqa: SIM118 - no dictionary
        # The count first, here and below: whoever makes a relay's keyset meanwhile makes it anew for the parts.
        self._keyset = count
        self.keys = keys

    def _load_directory(self, project_id: int, count: int) -> None:
        directory = self._source.directory(project_id)
        self._directory_counts[project_id] = count
        self.directories = {**self.directories, project_id: directory}

    def _load_recalled(self, project_id: int, count: int) -> None:
        recalled = self._source.recalled(project_id)
        self._recall_counts[project_id] = count
        self.recalled = {**self.recalled, project_id: recalled}

    def _load_environment(self, key: EnvironmentKey, known: Snapshot | None, epoch: int, revision: int) -> None:
        copied = key in self._from_copy
        continues = known is not None and not copied and known.epoch == epoch and known.revision < revision
        state = self._source.environment(key, known.revision if known and continues else None)
        if state is None:
            return
        snapshot = build(state, known)
        if known is not None and (snapshot.order < known.order if copied else snapshot.order <= known.order):
            return
        self.environments = {**self.environments, key: snapshot}
        self._from_copy -= {key}
        if known is not None and not copied and known.epoch == snapshot.epoch:
            self._moved(known, snapshot, [version.name.encode() for version in state.versions])

    def _moved(self, before: Snapshot, after: Snapshot, names: Iterable[bytes]) -> None:
        took_ms = max(0, int(self._clock() * 1000) - int(after.environment.updated_at.timestamp() * 1000))
        self.counters.propagations += 1
        self.counters.propagation_ms += took_ms
        if self._retain is not None:
            self._retain(before, [entry for name in names if (entry := before.entries.get(name))])

    def _attempt(self, what: str, load: Callable[[], None]) -> bool:
        try:
            load()
            self.changed()
        except Exception as error:  # noqa: BLE001 - as above: one part that cannot be read leaves the others to go on
            return self._failed(what, error)
        return True

    def _failed(self, what: str, error: Exception) -> bool:
        self.counters.refresh_errors += 1
        complaint = f"could not read {what} ({error}); what this node holds stays"
        if complaint not in self._complaints and len(self._complaints) < COMPLAINTS_MAX:
            # Once, and the first surprise with its trace: this is tried many times a minute. `_recover` says when it is over.
            log.warning("%s", complaint, exc_info=not self._complaints and not isinstance(error, CuebookError))
            self._complaints.add(complaint)
        return False

    def _recover(self) -> None:
        if self._complaints:
            log.warning("everything can be read again; this node is up to date")
            self._complaints.clear()
