"""Cuebook beside MLflow and Phoenix on the same machine in the same run (``make bench-peers``).

Each peer is installed into an environment of its own under ``bench/.work``, by its name, and started with one process that
serves. Measured is what an application meets: fetching a prompt by its label over HTTP, reading it by the client with its
defaults, and how long another process reads the old text after a promotion was acknowledged.
"""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psutil

from bench.rows import Row
from tests.support import web
from tests.support.server import free_port, start_server

ROOT = Path(__file__).parent.parent
WORK = Path(__file__).parent / ".work/peers"
PROGRAMS = Path(__file__).parent / "peer_programs"
ROUNDS, SECONDS, CONNECTIONS = 4, 2, 8
INSTALL_S_MAX, READY_S_MAX, PROGRAM_S_MAX = 600.0, 300.0, 240.0
QUIET = {"DO_NOT_TRACK": "1", "MLFLOW_DISABLE_TELEMETRY": "true", "PHOENIX_TELEMETRY_ENABLED": "false"}
_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
_PERCENTILE = re.compile(r"^\s+(50|99)%\s+([\d.]+)(us|ms|s)$", re.MULTILINE)
_US = {"us": 1.0, "ms": 1e3, "s": 1e6}


@dataclass(frozen=True)
class Peer:
    """One system that runs: where, with what, and how its programs are told of it. python: that of its environment."""

    name: str
    url: str
    python: Path
    process: psutil.Process
    started_s: float
    variables: Mapping[str, str]

    def program(self, *arguments: str) -> subprocess.Popen[str]:
        """Start its program of ``peer_programs``."""
        return subprocess.Popen(
            [str(self.python), str(PROGRAMS / f"of_{self.name.lower()}.py"), *arguments],
            env=os.environ | QUIET | {"PYTHONPATH": str(ROOT)} | dict(self.variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def asked(self, *arguments: str) -> dict[str, Any]:
        """What its program prints in the end."""
        with self.program(*arguments) as program:
            told, _ = program.communicate(timeout=PROGRAM_S_MAX)
        return dict(json.loads(told.splitlines()[-1]))


def run() -> list[Row]:
    """Everything that can be installed here, side by side."""
    with ExitStack() as running, tempfile.TemporaryDirectory(prefix="cuebook-bench-") as folder:
        peers = [running.enter_context(_cuebook(Path(folder) / "cuebook"))]
        missing = []
        for name, start in {"MLflow": _mlflow, "Phoenix": _phoenix}.items():
            try:
                peers.append(running.enter_context(start(Path(folder) / name)))
            except (subprocess.SubprocessError, RuntimeError) as error:
                print(f"{name}: {error}", file=sys.stderr)
                missing.append(Row(f"{name}: not measured, it could not be installed or started here", math.nan, ""))
        fetched = _fetched(peers)
        return [row for peer in peers for row in (*fetched[peer.name], *_heard(peer), *_size(peer))] + missing


# --- starting ------------------------------------------------------------------------------------------------------------
@contextmanager
def _cuebook(folder: Path) -> Iterator[Peer]:
    _installed("cuebook", [f"{ROOT}[server]"])  # for its size: what runs is this checkout
    began = time.perf_counter()
    server = start_server(folder)
    try:
        took, process = time.perf_counter() - began, psutil.Process(server.process.pid)
        yield Peer("Cuebook", server.url, Path(sys.executable), process, took, server.environment())
    finally:
        server.stop()


@contextmanager
def _mlflow(folder: Path) -> Iterator[Peer]:
    python, port = _installed("mlflow", ["mlflow"]), free_port()
    command = ["-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}", "--workers", "1"]
    with _started("MLflow", folder, python, [*command, "--host", "127.0.0.1", "--port", str(port)], port, "/health") as peer:
        yield peer


@contextmanager
def _phoenix(folder: Path) -> Iterator[Peer]:
    python, port = _installed("phoenix", ["arize-phoenix", "arize-phoenix-client"]), free_port()
    variables = {
        "PHOENIX_HOST": "127.0.0.1",
        "PHOENIX_PORT": str(port),
        "PHOENIX_GRPC_PORT": str(free_port()),
        "PHOENIX_WORKING_DIR": str(folder),
    }
    with _started("Phoenix", folder, python, ["-m", "phoenix.server.main", "serve"], port, "/healthz", variables) as peer:
        yield peer


@contextmanager
def _started(
    name: str,
    folder: Path,
    python: Path,
    command: Sequence[str],
    port: int,
    health: str,
    variables: Mapping[str, str] | None = None,
) -> Iterator[Peer]:
    folder.mkdir(parents=True)
    url = f"http://127.0.0.1:{port}"
    began = time.perf_counter()
    with (folder / "output.txt").open("wb") as output:
        server = subprocess.Popen(
            [str(python), *command], cwd=folder, env=os.environ | QUIET | dict(variables or {}), stdout=output, stderr=output
        )
    try:
        _until_healthy(url + health, server)
        took = time.perf_counter() - began
        yield Peer(name, url, python, psutil.Process(server.pid), took, {"PEER_URL": url})
    finally:
        _end(psutil.Process(server.pid))


def _until_healthy(url: str, server: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + READY_S_MAX
    while time.monotonic() < ends and server.poll() is None:
        try:
            if web.get(url, timeout=5).status_code == 200:
                return
        except httpx2.HTTPError:
            time.sleep(0.05)
    raise RuntimeError(f"{url} did not answer within {READY_S_MAX:g} s")


def _end(server: psutil.Process) -> None:
    """End a server and what it started, and nothing else."""
    family = [server, *server.children(recursive=True)]
    for each in family:
        each.terminate()
    for each in psutil.wait_procs(family, timeout=15)[1]:
        each.kill()


def _installed(name: str, packages: Sequence[str]) -> Path:
    """The Python of an environment with these packages, made if it is not there, or not whole."""
    folder, uv = WORK / name, Path(sys.executable).parent / "uv"
    python, whole = folder / "bin/python", folder / "whole"
    if not whole.exists():
        make = [str(uv), "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)]
        install = [str(uv), "pip", "install", "--quiet", "--python", str(python), *packages]
        for command in (make, install):
            subprocess.run(command, check=True, timeout=INSTALL_S_MAX)
        whole.touch()
    return python


# --- measuring -----------------------------------------------------------------------------------------------------------
def _fetched(peers: Sequence[Peer]) -> dict[str, list[Row]]:
    """One prompt by its label, over HTTP: as many as can be answered, and one at a time; in alternating rounds."""
    prepared = {peer.name: peer.asked("prepare") for peer in peers}
    rates: dict[str, list[float]] = {peer.name: [] for peer in peers}
    waits: dict[str, list[dict[str, float]]] = {peer.name: [] for peer in peers}
    for _ in range(ROUNDS):
        for peer in peers:
            rates[peer.name].append(float(_found(_RATE, _wrk(peer, prepared[peer.name], CONNECTIONS))))
            alone = _wrk(peer, prepared[peer.name], 1)
            waits[peer.name].append({share: float(value) * _US[unit] for share, value, unit in _PERCENTILE.findall(alone)})
    ours = max(rates["Cuebook"])
    return {
        name: [
            Row(f"{name}: one prompt by its label", max(of), "requests/s", None if name == "Cuebook" else max(of) / ours),
            *(Row(f"{name}: the same, one at a time, {s} %", min(w[s] for w in waits[name]), "us") for s in ("50", "99")),
        ]
        for name, of in rates.items()
    }


def _wrk(peer: Peer, asked: Mapping[str, Any], connections: int) -> str:
    headers = [part for name, value in asked["headers"].items() for part in ("-H", f"{name}: {value}")]
    answer = web.get(peer.url + asked["path"], headers=asked["headers"], timeout=30)
    answer.raise_for_status()
    command = ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "--latency", *headers, peer.url + asked["path"]]
    told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    if "Non-2xx" in told:
        raise RuntimeError(f"{peer.name} refused some of the requests:\n{told}")
    return told


def _found(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    if match is None:
        raise RuntimeError(f"wrk printed no rate:\n{text}")
    return match.group(1)


def _heard(peer: Peer) -> list[Row]:
    """What a read takes by the client, and when another process reads what was promoted; both with the client's defaults."""
    with peer.program("watch", "The text after the promotion.") as watching:
        assert watching.stdout is not None
        read_us = json.loads(watching.stdout.readline())["read_us"]
        released = peer.asked("release", "The text after the promotion.")["at"]
        told, _ = watching.communicate(timeout=PROGRAM_S_MAX)
    return [
        Row(f"{peer.name}: one read by its client", read_us, "us"),
        Row(f"{peer.name}: read by another process after a promotion", max(json.loads(told)["at"] - released, 0.0), "s"),
    ]


def _size(peer: Peer) -> list[Row]:
    installed = [path.lstat().st_size for path in (WORK / peer.name.lower() / "lib").rglob("*") if not path.is_dir()]
    family = [peer.process, *peer.process.children(recursive=True)]
    megabytes = sum(each.memory_info().rss for each in family) / 1e6
    return [
        Row(f"{peer.name}: from the start to the first answer", peer.started_s, "s"),
        Row(f"{peer.name}: memory after this", megabytes, "MB"),
        Row(f"{peer.name}: installed, with what it needs", sum(installed) / 1e6, "MB"),
    ]
