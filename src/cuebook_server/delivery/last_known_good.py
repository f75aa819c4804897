"""The last known good of a node, on its own disk: one file an environment, one for keys, names and recalls.

A file is replaced in one step and belongs to its owner alone. It begins with the digest of the rest, then says what it is a
copy of and how new that is: what was cut, damaged or belongs to another registry is left alone at the next start.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cuebook_server.delivery import kept
from cuebook_server.delivery.board import Board
from cuebook_server.delivery.snapshot import Snapshot
from cuebook_server.services.ports import EnvironmentKey

log = logging.getLogger(__name__)
MAGIC = b"cuebook-last-known-good 1"
DOORS = "doors"
SEEN = "seen"
AS_OF_EVERY_S = 60.0
Order = tuple[int, int, int]


class LastKnownGood:
    """The folder of the copy. ``place`` says where the database is: a copy of what lies elsewhere does not count.

    Several processes may share it: whoever holds something newer writes, one at a time.
    """

    def __init__(self, folder: Path, place: str, bytes_max: int) -> None:
        self._folder, self._bytes_max = folder, bytes_max
        self._place = hashlib.sha256(place.encode()).hexdigest()[:16]
        self._written: dict[EnvironmentKey, Snapshot] = {}
        self._doors: tuple[Any, Any, Any] = (None, None, None)
        self._seen: kept.Seen | None = None
        self._as_of = 0.0

    def load(self) -> kept.Kept | None:
        """What was kept, as far as it can be read; ``None`` when nothing of use is there."""
        try:
            doors = kept.doors_of(self._read(self._folder / DOORS))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("the last known good cannot be used: %s", error)
            return None
        environments = {}
        for path in sorted(self._folder.glob("environment-*[0-9]")):
            try:
                registry, snapshot = kept.snapshot_of(self._read(path))
                if registry == doors.registry and snapshot.epoch <= doors.epoch:
                    environments[snapshot.key] = snapshot
            except (OSError, ValueError, KeyError, TypeError) as error:
                log.warning("%s of the last known good cannot be used: %s", path.name, error)
        return kept.Kept(doors, environments)

    def seen(self) -> kept.Seen | None:
        """How far this machine had seen the registry come; ``None`` where it does not know."""
        try:
            return kept.seen_of(self._read(self._folder / SEEN))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("how far the registry had come cannot be read: %s", error)
            return None

    def keep(self, board: Board) -> None:
        """Write down what changed since the last call. Raises ``OSError``; what was there then stays, and the next call may do.

        Nothing is written before the database was read: a copy is never made of a copy.
        """
        if not board.confirmed:
            return
        # In this order: what is written is at least as new as the moment it is said to be of.
        as_of, doors, seen = board.as_of, (board.keys, board.directories, board.recalled), board.seen
        environments = board.environments
        moved = any(self._written.get(key) is not snapshot for key, snapshot in environments.items())
        failed = [key for key, snapshot in environments.items() if not self._keep_snapshot(board.registry, key, snapshot)]
        # By identity: every part of a board is replaced whole.
        changed = any(part is not before for part, before in zip(doors, self._doors, strict=True)) or self._is_due(as_of)
        # Not for every entry of the audit: reads are in it too.
        if seen is not None and seen is not self._seen and (moved or changed):
            self._write(SEEN, (seen.epoch, int(as_of * 1000), 0), kept.seen_to_bytes(seen), board.registry)
            self._seen = seen
        if changed:
            keys, directories, recalled = doors
            held = [grant.key for grant in keys.values()]
            known = kept.Doors(board.registry, board.epoch, as_of, held, directories, recalled, board.relayed)
            self._write(DOORS, (board.epoch, int(as_of * 1000), 0), kept.doors_to_bytes(known), board.registry)
            self._doors, self._as_of = doors, as_of
            self._tidy(environments)
        if failed:
            raise OSError(f"{len(failed)} environments could not be written")

    def _is_due(self, as_of: float) -> bool:
        return as_of - self._as_of >= AS_OF_EVERY_S

    def _keep_snapshot(self, registry: str, key: EnvironmentKey, snapshot: Snapshot) -> bool:
        """One that cannot be written leaves the others to be."""
        if self._written.get(key) is snapshot:
            return True
        try:
            self._write(_name(key), snapshot.order, kept.snapshot_to_bytes(registry, snapshot), registry)
        except OSError as error:
            log.warning("the last known good of environment %s could not be written: %s", key, error)
            return False
        self._written[key] = snapshot
        return True

    def _read(self, path: Path) -> bytes:
        place, _, rest = _parts(path.read_bytes())
        if not place.startswith(self._place):
            raise ValueError("it belongs to a database at another address")
        return rest

    def _write(self, name: str, order: Order, rest: bytes, registry: str) -> None:
        place = f"{self._place}-{hashlib.sha256(registry.encode()).hexdigest()[:16]}"
        data = _whole(place, order, rest)
        with self._alone():
            if self._is_newer(name, place, order):
                return
            if self._size_without(name) + len(data) > self._bytes_max:
                raise OSError(f"{name} does not fit: the last known good may have {self._bytes_max:,} bytes")
            _replace(self._folder / name, data)

    def _is_newer(self, name: str, place: str, order: Order) -> bool:
        """Whether another process has written something of the same registry that is at least as new."""
        try:
            found, other, _ = _parts((self._folder / name).read_bytes())
        except (OSError, ValueError):
            return False
        return found == place and other >= order

    def _size_without(self, name: str) -> int:
        return sum(path.stat().st_size for path in self._folder.iterdir() if path.name != name)

    def _tidy(self, environments: Mapping[EnvironmentKey, Snapshot]) -> None:
        """Remove environments that are no more."""
        wanted = {_name(key) for key in environments}
        with self._alone():
            for path in self._folder.glob("environment-*"):
                if path.name not in wanted:
                    path.unlink(missing_ok=True)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self._folder / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _name(key: EnvironmentKey) -> str:
    return f"environment-{key[0]}-{key[1]}"


def _whole(place: str, order: Order, rest: bytes) -> bytes:
    signed = b"%b %b %d.%d.%d\n%b" % (MAGIC, place.encode(), *order, rest)
    return b"%b\n%b" % (hashlib.sha256(signed).hexdigest().encode(), signed)


def _parts(data: bytes) -> tuple[str, Order, bytes]:
    """What ``_whole`` was given. Raises ``ValueError`` when a byte of it has changed."""
    digest, _, signed = data.partition(b"\n")
    first, _, rest = signed.partition(b"\n")
    if digest != hashlib.sha256(signed).hexdigest().encode() or not first.startswith(MAGIC):
        raise ValueError("it is damaged, or another program's")
    place, order = first.removeprefix(MAGIC).split()
    epoch, revision, policy_revision = map(int, order.split(b"."))
    return place.decode(), (epoch, revision, policy_revision), rest


def _replace(path: Path, data: bytes) -> None:
    """Replace a file in one step that survives a power cut. The caller is alone in the folder."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
