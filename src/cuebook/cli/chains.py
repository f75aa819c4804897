"""An exported chain checked on every core: block by block, with the memory of a few blocks however long it is.

Helpers only confirm. A block that one finds intact, and that begins where the one before ended, is intact; any other is checked
again here, from there on, so that what is found does not depend on how a file was cut or on how many helped.
"""

from __future__ import annotations

import json
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from dataclasses import replace
from itertools import chain, islice
from multiprocessing import get_context
from typing import BinaryIO, NamedTuple

from cuebook.audit import GENESIS, Verification, follow, read_line, vouched_for

BLOCK_BYTES = 2 * 1024 * 1024
LINE_BYTES_MAX = 16 * 1024 * 1024
_AHEAD = 2  # blocks that wait, for each helper


class Block(NamedTuple):
    """Whole lines, with the number and the previous hash that their first entry says it has."""

    data: bytes
    first: int
    previous: str


def verify_file(
    file: BinaryIO,
    vouched: Mapping[int, str],
    *,
    tell: Callable[[int], object] = lambda _: None,
    block_bytes: int = BLOCK_BYTES,
) -> Verification:
    """Check a chain, an entry a line, as ``cuebook.audit.verify`` does. ``tell`` is called with the entries of each block."""
    held = dict(vouched)
    count, head = 0, GENESIS
    for block, confirmed in _confirmed(_blocks(file, block_bytes), held):
        found = confirmed
        if found is None or not found.intact or (block.first, block.previous) != (count + 1, head):
            found = check(Block(block.data, count + 1, head), held)
        count, head = count + found.entries, found.head
        if not found.intact:
            return replace(found, entries=count)
        tell(found.entries)
    return vouched_for(Verification(count, head), held)


def check(block: Block, vouched: Mapping[int, str]) -> Verification:
    """Check one block as if it began where it says."""
    lines = block.data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return follow(map(read_line, lines), previous=block.previous, first=block.first, vouched=vouched)


def _blocks(file: BinaryIO, block_bytes: int) -> Iterator[Block]:
    while data := file.read(block_bytes):
        if not data.endswith(b"\n"):
            data += file.readline(LINE_BYTES_MAX)
        yield Block(data, *_begins(data.split(b"\n", 1)[0]))


def _begins(line: bytes) -> tuple[int, str]:
    """What an entry says of its place; whether that is true shows later."""
    try:
        entry = json.loads(line)
        return int(entry["seq"]), str(entry["prev"])
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        return 0, ""


def _confirmed(blocks: Iterator[Block], vouched: Mapping[int, str]) -> Iterator[tuple[Block, Verification | None]]:
    """Each block in order, with what a helper found; ``None`` where there was none to ask."""
    begun = list(islice(blocks, 2))
    helpers = _cores()
    if len(begun) < 2 or helpers < 2:
        yield from ((block, None) for block in chain(begun, blocks))
        return
    # Fresh processes rather than forks: a fork would copy the locks of the progress bar's thread.
    context = get_context("spawn")
    pool = ProcessPoolExecutor(helpers, context, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN))
    try:
        waiting: deque[tuple[Block, Future[Verification] | None]] = deque()
        for block in chain(begun, blocks):
            waiting.append((block, _ask(pool, block, vouched)))
            if len(waiting) > _AHEAD * helpers:
                yield _answered(*waiting.popleft())
        while waiting:
            yield _answered(*waiting.popleft())
    finally:
        pool.shutdown(cancel_futures=True)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _ask(pool: ProcessPoolExecutor, block: Block, vouched: Mapping[int, str]) -> Future[Verification] | None:
    try:
        return pool.submit(check, block, vouched)
    except (BrokenExecutor, OSError):  # no process may be started here
        return None


def _answered(block: Block, asked: Future[Verification] | None) -> tuple[Block, Verification | None]:
    try:
        return block, asked.result() if asked else None
    except (BrokenExecutor, OSError):
        return block, None
