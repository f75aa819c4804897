"""The kernel answers a write or an fsync with an error: strace puts it there, for the files of the database."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.conftest import needs
from tests.faults.test_disks import everything_is_there, reads, save
from tests.support.server import Server
from tests.support.server import start_server as start

pytestmark = [pytest.mark.fault("C-06"), pytest.mark.slow, pytest.mark.timeout(300)]
SYNC = "fsync,fdatasync"
# System calls, the error, and which of them meet it: all, or the so-and-so-many-th of each thread.
INJECTED = [
    (SYNC, "EIO", "1+"),
    ("pwrite64", "EIO", "1+"),
    ("pwrite64", "ENOSPC", "1+"),
    *[(calls, "EIO", str(number)) for calls in (SYNC, "pwrite64") for number in range(1, 8)],
]


@contextmanager
def injected(process: int, files: list[Path], calls: str, error: str, when: str) -> Iterator[None]:
    """These calls of a process on these files fail."""
    paths = [part for file in files for part in ("-P", str(file))]
    command = [
        "strace",
        "-f",
        "-p",
        str(process),
        *paths,
        "-e",
        f"trace={calls}",
        "-e",
        f"inject={calls}:error={error}:when={when}",
    ]
    with subprocess.Popen([*command, "-o", "/dev/null"], stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr is not None
        said = tracer.stderr.readline()
        if "attached" not in said:
            tracer.wait(10)
            pytest.skip(f"no process may be traced here: {said.strip()}")
        try:
            yield
        finally:
            tracer.send_signal(signal.SIGTERM)
            tracer.communicate(timeout=30)


def test_an_error_of_the_disk_is_a_refusal_and_loses_nothing(
    start_server: Callable[..., Server], tmp_path: Path, thorough: bool, seen: Callable[[str], None]
) -> None:
    needs("strace")
    server = start(tmp_path / "data")  # it will be killed, which is no end for a server of the fixture's
    files = [server.data / "cuebook.db", server.data / "cuebook.db-wal"]
    saved, refusals = dict[str, str](), list[str]()
    for number, (calls, error, when) in enumerate(INJECTED if thorough else INJECTED[:3]):
        with injected(server.process.pid, files, calls, error, when):
            for name in (f"p{number}.{turn}" for turn in range(3)):
                answer = save(server, name)
                if answer.status_code == 201:
                    saved[name] = answer.json()["digest"]
                else:
                    refusals.append(f"{answer.status_code} {answer.json()['code']}")
            assert reads(server) is not None
        assert not (when == "1+" and f"p{number}.0" in saved), "nothing reached the disk, and it was confirmed"
        again = save(server, f"p{number}.after")
        assert again.status_code == 201, "well again without a restart"
        saved[f"p{number}.after"] = again.json()["digest"]
    assert set(refusals) <= {"503 unavailable", "507 storage_full"}
    everything_is_there(server, saved)
    server.process.kill()
    server.process.wait()
    everything_is_there(start_server(server.data), saved)
    seen(f"{len(refusals)} changes refused ({', '.join(sorted(set(refusals)))}), {len(saved)} confirmed and there after a kill")
