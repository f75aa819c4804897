"""Many clients of an event stream in one process, for ``bench.events``: told on its input what to do, it prints what it saw."""

from __future__ import annotations

import json
import random
import re
import select
import socket
import sys
import time

_REVISION = re.compile(rb'"revision":(\d+)')
_PER_ADDRESS = 5_000  # source addresses of 127.0.0.0/8, so that ports do not run out
_AT_ONCE = 100
PATIENCE_S = 60.0


class Crowd:
    """So many clients, and the newest revision each was told of, and when."""

    def __init__(self, port: int, key: str, count: int) -> None:
        self._to = ("127.0.0.1", port)
        self._request = f"GET /v1/events HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\n\r\n".encode()
        self._poll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self.told: dict[int, tuple[int, float]] = {}
        self.count = count
        self.refused = 0

    def connect(self, within_s: float) -> None:
        """Connect all, each at a moment of its own within the time given; wait until each was told where things stand."""
        began = time.monotonic()
        moments = sorted(random.uniform(0, within_s) for _ in range(self.count))
        for number, moment in enumerate(moments):
            while (wait_s := began + moment - time.monotonic()) > 0:
                self.read(min(wait_s, 0.01))
            self._connect_one(number)
            if number % _AT_ONCE == 0:
                self.read(0)
        deadline = time.monotonic() + PATIENCE_S
        while len(self.told) < self.count and time.monotonic() < deadline:
            self.read(0.05)

    def close(self) -> None:
        """Hang up, all of them."""
        for one in self._sockets.values():
            one.close()
        self._sockets.clear()
        self.told.clear()

    def wait(self, revision: int) -> list[float]:
        """When each was told of the revision, in seconds of the machine's monotonic clock."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and any(known < revision for known, _ in self.told.values()):
            self.read(0.05)
        return sorted(moment for known, moment in self.told.values() if known >= revision)

    def read(self, seconds: float) -> None:
        """Take what has come; wait for something at most so long."""
        for number, _ in self._poll.poll(seconds, 1_000):
            data = self._sockets[number].recv(65536)
            if not data:
                self._sockets.pop(number).close()
                self.told.pop(number, None)
                self.refused += 1
            elif found := _REVISION.findall(data):
                revision = int(found[-1])
                if revision > self.told.get(number, (-1, 0.0))[0]:
                    self.told[number] = (revision, time.monotonic())

    def _connect_one(self, number: int) -> None:
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        one.bind((f"127.0.0.{2 + number // _PER_ADDRESS}", 0))
        one.connect(self._to)
        one.sendall(self._request)
        one.setblocking(False)
        self._sockets[one.fileno()] = one
        self._poll.register(one.fileno(), select.EPOLLIN)


def main(port: str, key: str, count: str) -> None:
    """Commands, one a line: ``connect SECONDS``, ``close``, ``wait REVISION``, ``read SECONDS``. One line answers each."""
    crowd = Crowd(int(port), key, int(count))
    for line in sys.stdin:
        command, _, argument = line.strip().partition(" ")
        said: object = None
        if command == "connect":
            crowd.connect(float(argument))
            said = [len(crowd.told), crowd.refused]
        elif command == "close":
            crowd.close()
        elif command == "wait":
            said = crowd.wait(int(argument))
        elif command == "read":
            until = time.monotonic() + float(argument)
            while (left_s := until - time.monotonic()) > 0:
                crowd.read(left_s)
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
