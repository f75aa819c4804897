"""An application starts, and what answers at the registry's address is anything but the registry."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import cuebook
from cuebook._files import Disk
from cuebook.delivery import read_snapshot
from tests.sdk.conftest import KEY
from tests.sdk.test_files import NAME, answer

pytestmark = pytest.mark.fault("C-17")
TIMEOUT_S, LATE_S = 2.0, 3.0
CAPTIVE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<html>Log in..."
BROKEN = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"


@contextmanager
def answering(said: bytes | None, *, accepts: bool = True) -> Iterator[str]:
    """An address where connections are taken, or only queued for ever, and this is said to each; ``None``: nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listening:
        taken: list[socket.socket] = []

        def serve() -> None:
            while True:
                try:
                    one, _ = listening.accept()
                except OSError:
                    return
                taken.append(one)
                if said is not None:
                    one.sendall(said)

        thread = threading.Thread(target=serve, daemon=True)
        if accepts:
            thread.start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
        if accepts:
            thread.join(5)
        for one in taken:
            one.close()


WRONG: dict[str, tuple[str, bytes | None, bool]] = {
    "accepts and says nothing": ("http", None, True),
    "never accepts": ("http", None, False),
    "no TLS": ("https", CAPTIVE, True),
    "a page to log in": ("http", CAPTIVE, True),
    "broken": ("http", BROKEN, True),
}


@pytest.mark.parametrize("what", WRONG)
def test_the_copy_serves_and_without_one_the_error_comes_in_time(
    tmp_path: Path, what: str, seen: Callable[[str], None]
) -> None:
    scheme, said, accepts = WRONG[what]
    with answering(said, accepts=accepts) as place:
        url = f"{scheme}://{place}"
        began = time.monotonic()
        with cuebook.Client(url, KEY, timeout_s=TIMEOUT_S, disk=False) as client:
            with pytest.raises(cuebook.PromptUnavailable):
                client.get("greeting")
            nothing_s = time.monotonic() - began
            assert client.get("greeting", fallback="Hi {{who}}").render(who="you").text == "Hi you"
        Disk(tmp_path, True, server=url, key=NAME, environment=None).save(read_snapshot(answer(5), 0.0), answer(5))
        began = time.monotonic()
        with cuebook.Client(url, KEY, timeout_s=TIMEOUT_S, disk=tmp_path) as client:
            assert client.get("greeting").source == "disk"
            copy_s = time.monotonic() - began
    assert nothing_s < TIMEOUT_S + LATE_S
    assert copy_s < LATE_S
    seen(f"{what}: an error after {nothing_s:.1f} s, a copy after {copy_s * 1000:.0f} ms")
