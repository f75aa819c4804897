"""``python -m tests.faults.reader NAME``: a client that reads a prompt all the time, and asks nothing of anybody for it.

A line for each version it meets and each phase: the moment, the version, the phase, and the longest that a read took so far.
"""

from __future__ import annotations

import json
import sys
import time

import cuebook

PAUSE_S = 0.005


def main() -> None:
    """Until it is killed."""
    longest, last = 0.0, None
    with cuebook.Client(disk=False, wait=60.0) as client:
        while True:
            began = time.perf_counter()
            version = client.get(sys.argv[1]).version
            longest = max(longest, time.perf_counter() - began) if last else 0.0
            now = (version, client.state.phase)
            if now != last:
                last = now
                print(
                    json.dumps({"at": time.monotonic(), "version": now[0], "phase": now[1], "longest_s": longest}), flush=True
                )
            time.sleep(PAUSE_S)


if __name__ == "__main__":
    main()
