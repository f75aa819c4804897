"""What the tests of faults ask for; each needs root, or a program, and says so where that is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.disk import Disk
from tests.faults.network import Network
from tests.faults.ours import clear_up


@pytest.fixture(scope="session")
def root() -> None:
    """Only root may do this; what a run that was killed left behind is removed first."""
    if os.geteuid() != 0:
        pytest.skip("only root may do this")
    clear_up()


def needs(*programs: str) -> None:
    """Skip where a program is missing."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} is not installed")


@pytest.fixture
def disk(tmp_path: Path, root: None) -> Iterator[Disk]:
    needs("mkfs.ext4", "mount")
    made = Disk.make(tmp_path)
    try:
        made.mount()
    except subprocess.CalledProcessError:
        pytest.skip("this machine lets nobody mount")
    yield made
    made.unmount()


@pytest.fixture
def network(root: None) -> Iterator[Network]:
    """Another machine, as far as the network goes."""
    needs("ip", "tc", "iptables")
    try:
        made = Network.make()
    except subprocess.CalledProcessError:
        pytest.skip("this machine lets nobody make networks")
    yield made
    made.remove()
