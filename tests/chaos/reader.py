"""A process that reads prompts all the time and writes down what it saw: by threads, by tasks, or in the children of a fork.

``python -m tests.chaos.reader KIND NAME FOLDER PROMPT...``; it ends when FOLDER holds a file called ``stop``.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import cuebook
from cuebook.prompt import Prompt

PAUSE_S = 0.01
TOLD_EVERY_S = 0.25
READERS = 2
FIRST_S_MAX = 60.0


class Notes:
    """What one reader saw, a line whenever it changed, and now and then."""

    def __init__(self, folder: Path, client: str) -> None:
        self._stop, self.client = folder / "stop", client
        self._file = (folder / f"{client}.jsonl").open("a", buffering=1)
        self._last: object = None
        self._told_at = 0.0

    @property
    def over(self) -> bool:
        return self._stop.exists()

    def saw(self, found: Mapping[str, Prompt]) -> None:
        now = time.monotonic()
        seen = {
            "revisions": sorted({prompt.revision for prompt in found.values()}, key=str),
            "generations": sorted({int(prompt.text or "") for prompt in found.values()}),
        }
        if seen != self._last or now - self._told_at >= TOLD_EVERY_S:
            self._last, self._told_at = seen, now
            self._file.write(json.dumps({"what": "Read", "client": self.client, "at": now, **seen}) + "\n")

    def failed(self, error: Exception) -> None:
        if self._last is not None:  # before the first answer there may be nothing to read
            told = {"what": "Failed", "client": self.client, "at": time.monotonic(), "error": repr(error)[:200]}
            self._file.write(json.dumps(told) + "\n")


def read(client: cuebook.Client, notes: Notes, names: Sequence[str]) -> None:
    """Until it is over."""
    while not notes.over:
        try:
            notes.saw(client.get_many(names))
        except cuebook.CuebookError as error:
            notes.failed(error)
        time.sleep(PAUSE_S)


def by_threads(name: str, folder: Path, names: Sequence[str]) -> None:
    """Several threads on one client."""
    with cuebook.Client(disk=False, wait=FIRST_S_MAX) as client:
        readers = [
            threading.Thread(target=read, args=(client, Notes(folder, f"{name}-{number}"), names)) for number in range(READERS)
        ]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()


def by_fork(name: str, folder: Path, names: Sequence[str]) -> None:
    """A parent that has read before it forked, and its children; each goes on."""
    with cuebook.Client(disk=False, wait=FIRST_S_MAX) as client:
        parent = Notes(folder, f"{name}-parent")
        parent.saw(client.get_many(names))
        for number in range(READERS):
            if os.fork() == 0:
                read(client, Notes(folder, f"{name}-{number}"), names)
                os._exit(0)
        read(client, parent, names)
        for _ in range(READERS):
            os.wait()


async def by_tasks(name: str, folder: Path, names: Sequence[str]) -> None:
    """Several tasks on one asynchronous client."""

    async def reading(client: cuebook.AsyncClient, notes: Notes) -> None:
        while not notes.over:
            try:
                notes.saw(await client.get_many(names))
            except cuebook.CuebookError as error:
                notes.failed(error)
            await asyncio.sleep(PAUSE_S)

    async with cuebook.AsyncClient(disk=False, wait=FIRST_S_MAX) as client:
        await asyncio.gather(*(reading(client, Notes(folder, f"{name}-{number}")) for number in range(READERS)))


def main() -> None:
    """See above."""
    kind, name, folder, *names = sys.argv[1:]
    if kind == "asyncio":
        asyncio.run(by_tasks(name, Path(folder), names))
    else:
        {"threads": by_threads, "forked": by_fork}[kind](name, Path(folder), names)


if __name__ == "__main__":
    main()
