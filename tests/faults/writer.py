"""Somebody who saves all the time while something breaks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from tests.factories import text
from tests.http.test_nodes import post
from tests.support.server import Server


@contextmanager
def writing(server: Server) -> Iterator[dict[str, str]]:
    """The digests of what was confirmed, by name; it grows until the block ends."""
    confirmed, over = dict[str, str](), threading.Event()

    def save() -> None:
        for number in count(1):
            if over.wait(0.01):
                return
            answer = post(server, f"prompts/w{number}/versions", {"content": text(f"text {number}")})
            if answer.status_code == 201:
                confirmed[f"w{number}"] = answer.json()["digest"]

    thread = threading.Thread(target=save)
    thread.start()
    try:
        yield confirmed
    finally:
        over.set()
        thread.join()
