"""What every peer's program does, said once. It runs in that peer's own environment: the standard library alone is there.

``prepare`` makes the prompt and prints where it is fetched; ``release TEXT`` makes production serve TEXT and prints when that
was acknowledged; ``watch TEXT`` reads as an application does, prints what a read takes, and then when it first read TEXT.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

NAME, FIRST = "support-greeting", "Read the ticket below with care. " * 30
READ_S, GIVE_UP_S, PAUSE_S = 1.0, 150.0, 0.005


def main(
    prepare: Callable[[], dict[str, Any]], release: Callable[[str], None], reader: Callable[[], Callable[[], str]]
) -> None:
    """Do what the command line says."""
    command, *given = sys.argv[1:]
    if command == "prepare":
        tell(**prepare())
    elif command == "release":
        release(given[0])
        tell(at=time.time())
    else:
        watch(reader(), given[0])


def watch(read: Callable[[], str], text: str) -> None:
    """Read without pause for a while, then until the text is there."""
    read()
    times = []
    ends = time.perf_counter() + READ_S
    while (began := time.perf_counter()) < ends:
        read()
        times.append(time.perf_counter() - began)
    tell(read_us=sorted(times)[len(times) // 2] * 1e6)
    gives_up = time.time() + GIVE_UP_S
    while read() != text:
        if time.time() > gives_up:
            sys.exit(f"{text!r} was not heard of within {GIVE_UP_S:g} s")
        time.sleep(PAUSE_S)
    tell(at=time.time())


def tell(**figures: Any) -> None:
    """Print a line for whoever started this."""
    print(json.dumps(figures), flush=True)
