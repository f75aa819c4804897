"""Names for what a test makes in the kernel: mounts, network namespaces, control groups. They outlive a test that is killed.

A name holds the process that made it, so that a later run knows what nobody holds any more, and touches nothing else.
"""

from __future__ import annotations

import os
import re
import subprocess
from itertools import count
from pathlib import Path

_numbers = count(1)
_NAME = re.compile(r"cuebook-fault-(\d+)-\d+")
CGROUPS = Path("/sys/fs/cgroup/memory")


def new_name() -> str:
    """A name for something this process makes."""
    return f"cuebook-fault-{os.getpid()}-{next(_numbers)}"


def is_left_over(name: str) -> bool:
    """Whether something was made by a run that has ended."""
    found = _NAME.search(name)
    return found is not None and not Path("/proc", found[1]).exists()


def run(*command: str) -> str:
    """Run a command that must succeed; what it printed."""
    return subprocess.run(command, check=True, capture_output=True, timeout=60, text=True).stdout


def clear_up() -> None:
    """Remove what earlier runs left behind."""
    for line in Path("/proc/mounts").read_text().splitlines():
        place = line.split()[1]
        if is_left_over(place):
            run("umount", "--lazy", place)
    for group in CGROUPS.glob("cuebook-fault-*"):
        if is_left_over(group.name):
            group.rmdir()
    for namespace in Path("/run/netns").glob("cuebook-fault-*"):
        if is_left_over(namespace.name):
            run("ip", "netns", "delete", namespace.name)
