"""Answers about a whole environment: the list and the snapshot. Each is made once per revision, when first asked for.

Making them at every refresh would cost more than it gives: with 10,000 prompts the snapshot is some 15 MB and gzip takes a
good part of a second, while an import raises the revision hundreds of times a second and nobody reads in between.
"""

from __future__ import annotations

import asyncio
import gzip
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from cuebook.signing import digest_of
from cuebook_server.delivery.board import NO_DIRECTORY, NO_RECALLS, Board
from cuebook_server.delivery.snapshot import Everything, Snapshot, list_body, snapshot_body
from cuebook_server.services.ports import Directory, EnvironmentKey, Recalls

Kind = Literal["list", "snapshot"]
Address = tuple[EnvironmentKey, Kind, bool]
GZIP_LEVEL = 3
THREADS = 2
_GZIP = b"content-encoding: gzip\r\n"


@dataclass(frozen=True, slots=True)
class _Build:
    """One answer being made, or made, of exactly these."""

    snapshot: Snapshot
    directory: Directory
    recalls: Recalls
    encoded: asyncio.Future[Everything]

    def is_of(self, snapshot: Snapshot, directory: Directory, recalls: Recalls) -> bool:
        """By identity: every part of a board is replaced whole."""
        return self.snapshot is snapshot and self.directory is directory and self.recalls is recalls


class Whole:
    """The newest whole-environment answers, one per environment, kind and coding. Used from one event loop."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._builds: dict[Address, _Build] = {}
        self._threads = ThreadPoolExecutor(THREADS, "cuebook-whole")

    async def get(self, key: EnvironmentKey, kind: Kind, *, zipped: bool) -> tuple[Snapshot, Everything]:
        """The answer and the snapshot it was made of: the one held now or a newer one, never a mixture.

        However many ask, one is made at a time: who finds an older one being made waits for it, and then for one of now.
        """
        asked = self._board.snapshot(key)
        while True:
            build = self._current(key, kind, zipped)
            encoded = await asyncio.shield(build.encoded)
            if build.snapshot.order >= asked.order:
                return build.snapshot, encoded

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _current(self, key: EnvironmentKey, kind: Kind, zipped: bool) -> _Build:
        snapshot = self._board.snapshot(key)
        directory = self._board.directories.get(key[0], NO_DIRECTORY)
        recalls = self._board.recalled.get(key[0], NO_RECALLS)
        address = (key, kind, zipped)
        build = self._builds.get(address)
        if build is not None and not build.encoded.done():
            return build
        if build is None or not build.is_of(snapshot, directory, recalls) or build.encoded.exception():
            loop = asyncio.get_running_loop()
            made = loop.run_in_executor(self._threads, make, snapshot, directory, recalls, kind, zipped)
            build = self._builds[address] = _Build(snapshot, directory, recalls, made)
        return build


def make(snapshot: Snapshot, directory: Directory, recalls: Recalls, kind: Kind, zipped: bool) -> Everything:
    """Encode a whole environment. The time in the gzip header is zero, so every node makes the same bytes.

    A relay gives the bytes on that it was given.
    """
    if kind == "snapshot" and (received := snapshot.received):
        if zipped:
            return Everything(received.zipped, received.digest, coding=_GZIP)
        return Everything(gzip.decompress(received.zipped), received.digest)
    body = list_body(snapshot) if kind == "list" else snapshot_body(snapshot, directory, recalls)
    digest = digest_of(body)
    if not zipped:
        return Everything(body, digest)
    return Everything(gzip.compress(body, GZIP_LEVEL, mtime=0), digest, coding=_GZIP)
