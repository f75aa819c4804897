"""An application's process for ``bench.propagation``: notes when each revision was in its client's memory, and prints that."""

from __future__ import annotations

import json
import select
import sys
import time

import cuebook

LOOK_S = 0.0005
FIRST_S_MAX = 30.0


def main(url: str, key: str) -> None:
    """Look at the memory without pause, until something comes on the input."""
    seen: list[tuple[int, float]] = []
    with cuebook.Client(url, key, disk=False, wait=FIRST_S_MAX) as client:
        client.names()
        while not client.state.streaming:  # one that still polls is not what is measured
            time.sleep(0.01)
        print("begun", flush=True)
        last = client.revision
        while not select.select([sys.stdin], [], [], LOOK_S)[0]:
            if (revision := client.revision) is not None and revision != last:
                last = revision
                seen.append((revision, time.monotonic()))
    print(json.dumps(seen))


if __name__ == "__main__":
    main(*sys.argv[1:])
