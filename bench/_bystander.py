"""One client that fetches a prompt again and again, for ``bench.events``: prints the milliseconds each took, as JSON."""

from __future__ import annotations

import json
import select
import socket
import sys
import time

PAUSE_S = 0.002


def main(port: str, key: str) -> None:
    """Fetch on one connection, with a short pause between, until something comes on the input."""
    request = f"GET /v1/prompts/support.triage HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\n\r\n".encode()
    took: list[float] = []
    with socket.create_connection(("127.0.0.1", int(port)), timeout=30) as connection:
        print("begun", flush=True)
        while not select.select([sys.stdin], [], [], PAUSE_S)[0]:
            began = time.perf_counter()
            connection.sendall(request)
            if not connection.recv(65536).startswith(b"HTTP/1.1 200"):
                raise RuntimeError("the bystander was refused")
            took.append((time.perf_counter() - began) * 1000)
    print(json.dumps(took))


if __name__ == "__main__":
    main(*sys.argv[1:])
