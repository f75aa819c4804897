"""What one environment serves at one revision: immutable, every answer already encoded."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson

from cuebook import wire
from cuebook_server.delivery import etags
from cuebook_server.domain.canonical import digest as digest_of
from cuebook_server.domain.environment import Environment
from cuebook_server.services.ports import Directory, EnvironmentKey, EnvironmentState, Recalls, Received, ServedVersion

if TYPE_CHECKING:
    from cuebook.rendering import Compiled

log = logging.getLogger(__name__)
CHANGED_MAX = 100


class Encoded:
    """Bytes ready to be sent. ``lines`` are the header lines of a 200 and of a 304, ``lines_200`` those of a 200 only."""

    __slots__ = ("body", "etag", "lines", "lines_200")

    def __init__(self, body: bytes, lines: bytes = b"", coding: bytes = b"") -> None:
        self.body = body
        self.etag = etags.of(body)
        self.lines = b"etag: %b\r\n%b" % (self.etag, lines)
        self.lines_200 = b"content-length: %d\r\n%b" % (len(body), coding)


class Everything(Encoded):
    """A whole environment. ``digest``: of the body before any coding, as signatures name it."""

    __slots__ = ("digest",)

    def __init__(self, body: bytes, digest: str, coding: bytes = b"") -> None:
        super().__init__(body, coding=coding)
        self.digest = digest


class Entry(Encoded):
    """One version as one environment serves it. ``compiled`` is filled in by the first render."""

    __slots__ = ("compiled", "digest", "latest", "name", "number", "prompt_id")

    def __init__(self, body: bytes, prompt_id: int, name: str, number: int, latest: int, digest: str) -> None:
        super().__init__(body, b"cuebook-version: %d\r\ncuebook-digest: %b\r\n" % (number, digest.encode()))
        self.prompt_id = prompt_id
        self.name = name
        self.number = number
        self.latest = latest
        self.digest = digest
        self.compiled: Compiled | None = None


def entry_of(served: ServedVersion, number: int, environment: str) -> Entry:
    """Encode a version as an environment serves it. Raises ``ValueError`` for content that is not what was saved."""
    if served.verbatim and digest_of(served.content) != served.digest:
        raise ValueError(f"{served.name} version {number} does not fit its digest")
    body = wire.served(
        orjson.loads(served.content),
        name=served.name,
        version=number,
        digest=served.digest,
        environment=environment,
        released_at=stamp(served.released_at),
    )
    # A copy of its own: orjson's result keeps the buffer it was written to, seven times the size.
    encoded = bytes(memoryview(orjson.dumps(body)))
    return Entry(encoded, served.prompt_id, served.name, number, served.latest, served.digest)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything an environment serves at one revision.

    entries: by the name's bytes as they stand in a path. retired: names taken away here. damaged: names whose stored
    content cannot be read. lines: the header lines every answer of this revision carries. changed: the prompts that moved after
    revision ``since``, with their numbers (``None``: retired), where these are few. audit: the last entry's number and hash.
    received: what the origin of a relay encoded.
    """

    key: EnvironmentKey
    project: str
    environment: Environment
    epoch: int
    revision: int
    entries: Mapping[bytes, Entry]
    retired: frozenset[str]
    damaged: frozenset[str]
    lines: bytes
    since: int | None = None
    changed: tuple[tuple[str, int | None], ...] | None = None
    audit: tuple[int, str] = (0, "")
    received: Received | None = None

    @property
    def order(self) -> tuple[int, int, int]:
        """What must grow for a snapshot to replace another."""
        return (self.epoch, self.revision, self.environment.policy_revision)


def build(state: EnvironmentState, previous: Snapshot | None = None) -> Snapshot:
    """The snapshot of a state; with ``since`` set it continues ``previous``, whose unchanged entries it shares.

    One version that cannot be read does not keep the others from being served.
    """
    base = previous if state.since is not None else None
    if state.since is not None and (base is None or (base.epoch, base.revision) != (state.epoch, state.since)):
        raise ValueError(f"what changed since revision {state.since} does not continue what this node holds")
    entries = dict(base.entries) if base else {}
    touched = {version.name for version in state.versions}
    retired = set(base.retired - touched) if base else set()
    damaged = set(base.damaged - touched) if base else set()
    for version in state.versions:
        if version.number is None:
            entries.pop(version.name.encode(), None)
            retired.add(version.name)
            continue
        try:
            entries[version.name.encode()] = entry_of(version, version.number, state.environment.name)
        except (ValueError, KeyError, TypeError):
            log.exception("%s version %s is damaged and is not served", version.name, version.number)
            entries.pop(version.name.encode(), None)
            damaged.add(version.name)
    return Snapshot(
        key=state.key,
        project=state.project,
        environment=state.environment,
        epoch=state.epoch,
        revision=state.revision,
        entries=entries,
        retired=frozenset(retired),
        damaged=frozenset(damaged),
        lines=head_lines(state.environment.name, state.revision),
        since=state.since,
        changed=_changed(state),
        audit=state.audit,
        received=state.received,
    )


def head_lines(environment: str, revision: int) -> bytes:
    """The header lines every answer of an environment's revision carries."""
    return b"cuebook-environment: %b\r\ncuebook-revision: %d\r\n" % (environment.encode(), revision)


def _changed(state: EnvironmentState) -> tuple[tuple[str, int | None], ...] | None:
    if state.since is None or len(state.versions) > CHANGED_MAX:
        return None
    return tuple((version.name, version.number) for version in state.versions)


def list_body(snapshot: Snapshot) -> bytes:
    """The list of what the environment serves: names, versions and digests, by name."""
    items = [{"name": e.name, "version": e.number, "digest": e.digest} for e in _sorted(snapshot)]
    return orjson.dumps({"items": items, "next": None})


def snapshot_body(snapshot: Snapshot, directory: Directory, recalls: Recalls) -> bytes:
    """The whole environment as one object (``cuebook.wire``); the prompts are the bytes they are served with one by one."""
    known = {entry.name for entry in snapshot.entries.values()} | snapshot.retired
    head = {"environment": snapshot.environment.name, "epoch": snapshot.epoch, "revision": snapshot.revision}
    tail = {
        "aliases": {old: new for old, new in sorted(directory.aliases.items()) if new in known},
        "retired": sorted(snapshot.retired),
        "recalled": recalled(snapshot, recalls),
    }
    prompts = b",".join(entry.body for entry in _sorted(snapshot))
    return b'%b,"prompts":[%b],%b' % (orjson.dumps(head)[:-1], prompts, orjson.dumps(tail)[1:])


def recalled(snapshot: Snapshot, recalls: Recalls) -> dict[str, list[int]]:
    """The harmful versions this environment served, of what it serves; what is retired is served by nobody anyway."""
    names = {entry.prompt_id: entry.name for entry in snapshot.entries.values()} if recalls else {}
    found: dict[str, list[int]] = {}
    for (prompt_id, number), environments in sorted(recalls.items()):
        if prompt_id in names and snapshot.key[1] in environments:
            found.setdefault(names[prompt_id], []).append(number)
    return found


def stamp(moment: datetime) -> str:
    """A time as it stands in JSON: UTC, whole seconds, ``Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _sorted(snapshot: Snapshot) -> Iterable[Entry]:
    return (entry for _, entry in sorted(snapshot.entries.items()))
