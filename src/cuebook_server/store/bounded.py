"""PostgreSQL connections that give up on a database which is there and says nothing.

The server's own ``statement_timeout`` cannot help where the server hangs: neither a stopped process nor a silent network ends
a wait; nor does any setting of PostgreSQL end a commit that waits for a standby. Nobody may wait longer than this: neither what
keeps a node current nor somebody's request.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen

ANSWER_S = 10.0
LEAST_S = 3.0
CONNECT_S = 2
T = TypeVar("T")
_until: ContextVar[float] = ContextVar("until", default=math.inf)


@contextmanager
def patience() -> Iterator[None]:
    """In here all waits together take ``ANSWER_S``: for a lock, for an answer, for a commit, in whatever transactions.

    What works for longer than that, such as a large import, waits ``LEAST_S`` at a time from then on.
    """
    before = _until.set(time.monotonic() + ANSWER_S)
    try:
        yield
    finally:
        _until.reset(before)


class Bounded(psycopg.Connection[Any]):
    """A connection that is closed when an answer takes longer than ``answer_s``, with an ``OperationalError``.

    Within ``patience`` it may be closed earlier.
    """

    answer_s = ANSWER_S

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        """Wait for an answer. Who names a ``timeout`` waits for what may never come, such as a notification."""
        left_s = max(LEAST_S, _until.get() - time.monotonic())
        try:
            return super().wait(gen, interval, min(self.answer_s, left_s) if timeout is None else timeout)
        except psycopg.OperationalError as error:
            if timeout is None and error.sqlstate is None:
                self.pgconn.finish()  # what was asked may still be answered: nobody must take that for their own
            raise


def connect(url: str, connect_s: int = CONNECT_S, **more: Any) -> Bounded:
    """Connect, with a kernel that notices when the other side is gone."""
    return Bounded.connect(
        url,
        connect_timeout=connect_s,
        keepalives=1,
        keepalives_idle=5,
        keepalives_interval=2,
        keepalives_count=2,
        tcp_user_timeout=5_000,
        **more,
    )
