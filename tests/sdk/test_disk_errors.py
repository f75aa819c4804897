"""The kernel answers what writes a client's disk copy with an error: strace puts it there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.conftest import needs
from tests.faults.network import ROOT
from tests.http.test_nodes import until
from tests.sdk.conftest import KEY
from tests.sdk.standin import StandIn, serving, whole
from tests.support.server import clean_environment

pytestmark = [pytest.mark.fault("C-06"), pytest.mark.slow]
SYNC = "fsync,fdatasync"
CLIENT = """
import sys, time
import cuebook
with cuebook.Client(sys.argv[1], sys.argv[2], disk=sys.argv[3], refresh_s=0.2) as client:
    while client.get("greeting").version < 3:
        time.sleep(0.02)
"""


@pytest.mark.parametrize(("calls", "error"), [(SYNC, "EIO"), (SYNC, "ENOSPC"), ("rename,renameat,renameat2", "EIO")])
def test_a_client_whose_copy_cannot_be_written_goes_on(registry: StandIn, tmp_path: Path, calls: str, error: str) -> None:
    needs("strace")
    registry.answer = serving(whole(1))
    disk = tmp_path / "disk"
    client = [sys.executable, "-c", CLIENT, registry.url, KEY, str(disk)]
    tracing = ["strace", "-f", "-o", "/dev/null", "-e", f"trace={calls}", "-e", f"inject={calls}:error={error}"]
    environment = clean_environment() | {"PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen([*tracing, *client], env=environment, stderr=subprocess.PIPE, text=True) as running:
        until(lambda: len(registry.asked) > 1)
        registry.answer = serving(whole(3))
        _, said = running.communicate(timeout=60)
    assert running.returncode == 0, said
    assert list(disk.glob("*.json")) == [], "a copy that may not be on the disk is none"
    assert "Traceback" not in said
