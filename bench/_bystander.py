"""One client that fetches a prompt again and again, for ``bench.events``: prints the milliseconds each took, as JSON."""

from __future__ import annotations

import json
import socket
import sys
import time

PAUSE_S = 0.002


def main(port: str, key: str, seconds: str) -> None:
    """Fetch on one connection, with a short pause between."""
    request = f"GET /v1/prompts/support.triage HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\n\r\n".encode()
    took: list[float] = []
    with socket.create_connection(("127.0.0.1", int(port)), timeout=30) as connection:
        until = time.monotonic() + float(seconds)
        while time.monotonic() < until:
            began = time.perf_counter()
            connection.sendall(request)
            if not connection.recv(65536).startswith(b"HTTP/1.1 200"):
                raise RuntimeError("the bystander was refused")
            took.append((time.perf_counter() - began) * 1000)
            time.sleep(PAUSE_S)
    print(json.dumps(took))


if __name__ == "__main__":
    main(*sys.argv[1:])
