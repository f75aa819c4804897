"""Delivery against a bare "hello" on the same server, in the same run; and what 10,000 prompts cost a node.

Its hot path alone, then `cuebook serve` with all that belongs to it, then two workers of that.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil

from bench._delivery_server import registry
from bench.rows import Row
from tests.support.server import Server, start_server

ROUNDS = 8
SECONDS = 1
MANY = 10_000
ROOT = Path(__file__).parent.parent
_REQUESTS = re.compile(r"(\d+) requests in")
_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")


class Cell(NamedTuple):
    """One thing to measure: a server, and what is asked of it."""

    server: psutil.Process
    url: str
    headers: Sequence[str]


class Rates(NamedTuple):
    """A cell's rounds: answers in a second of the clock, and in a second of the server's processor time."""

    by_clock: list[float]
    by_processor: list[float]


def run() -> list[Row]:
    """Requests a second in alternating rounds, then memory and time of a large node."""
    path, key = "/v1/prompts/team.prompt-7", f"Authorization: Bearer {registry(0)[1]}"
    with ExitStack() as servers:
        whole, workers = (servers.enter_context(_registry(count)) for count in (1, 2))
        (bare, hello), (small, few), (large, many) = (servers.enter_context(_serving(w)) for w in ("hello", "10", str(MANY)))
        rates = _rates(
            {
                "hello": Cell(bare, hello, [key]),
                "one": Cell(small, few + path, [key]),
                "changed": Cell(small, few + path, [key, f'If-None-Match: "{"0" * 43}"']),
                "304": Cell(small, few + path, [key, f"If-None-Match: {_etag(few + path, key)}"]),
                "many": Cell(large, many + path, [key]),
                "serve": _cell(whole),
                "two": _cell(workers),
            }
        )
    return [
        Row('raw-ASGI "hello"', max(rates["hello"].by_clock), "requests/s"),
        _against('one prompt by key, against "hello"', rates["one"], rates["hello"], 0.80),
        _against("304, against 200 to a tag that is no longer true", rates["304"], rates["changed"], 1.0),
        _against(f"one of {MANY:,} prompts, against one of 10", rates["many"], rates["one"], 0.90),
        _against('`cuebook serve`, everything on, against "hello"', rates["serve"], rates["hello"], 0.80),
        _workers(rates["two"], rates["serve"]),
        *_size(),
    ]


def _workers(two: Rates, one: Rates) -> Row:
    """By the clock: two processes have two clocks of processor time. Who asks needs a part of the same cores."""
    most = max(two.by_clock)
    return Row("`cuebook serve --workers 2`, against one", most, "requests/s", most / max(one.by_clock), 1.15)


def _against(name: str, rates: Rates, base: Rates, target: float) -> Row:
    """The ratio of the best rounds by processor time: neighbours on the machine can only make a round slower, never quicker."""
    ratio = max(rates.by_processor) / max(base.by_processor)
    return Row(name, max(rates.by_clock), "requests/s", ratio, target)


def _rates(cells: Mapping[str, Cell]) -> dict[str, Rates]:
    rates = {name: Rates([], []) for name in cells}
    for _ in range(ROUNDS):
        for name, cell in cells.items():
            before = _worked_s(cell.server)
            per_second, requests = _wrk(cell)
            rates[name].by_clock.append(per_second)
            rates[name].by_processor.append(requests / (_worked_s(cell.server) - before))
    return rates


def _worked_s(server: psutil.Process) -> float:
    return sum(sum(each.cpu_times()[:2]) for each in (server, *server.children(recursive=True)))


def _wrk(cell: Cell) -> tuple[float, int]:
    named = [word for header in cell.headers for word in ("-H", header)]
    command = ["wrk", "-t1", "-c32", f"-d{SECONDS}", *named, cell.url]
    output = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    rate, requests = _RATE.search(output), _REQUESTS.search(output)
    if rate is None or requests is None or "Non-2xx" in output:
        raise RuntimeError(f"{cell.url} did not answer as it should:\n{output}")
    return float(rate[1]), int(requests[1])


def _etag(url: str, authorization: str) -> str:
    asked = urllib.request.Request(url, headers=dict([authorization.split(": ")]))
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return str(answer.headers["ETag"])


@contextmanager
def _registry(workers: int) -> Iterator[Server]:
    """A registry with its sample prompts, as people start it."""
    with tempfile.TemporaryDirectory(prefix="cuebook-bench-") as folder:
        server = start_server(Path(folder), "--workers", str(workers))
        try:
            yield server
        finally:
            server.stop()


def _cell(server: Server) -> Cell:
    url, key = f"{server.url}/v1/prompts/support.triage", server.keys["production"]
    return Cell(psutil.Process(server.process.pid), url, [f"Authorization: Bearer {key}"])


@contextmanager
def _serving(what: str) -> Iterator[tuple[psutil.Process, str]]:
    """A server process on a free port, and its address."""
    command = [sys.executable, "-m", "bench._delivery_server", what]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield psutil.Process(process.pid), f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait(10)


def _size() -> list[Row]:
    """One process that holds 10,000 prompts in each of three environments, measured from inside."""
    command = [sys.executable, "-m", "bench._delivery_server", "size", str(MANY)]
    output = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120).stdout
    seconds, megabytes, change_ms, whole_ms = map(float, output.split())
    return [
        Row(f"{MANY:,} prompts x 3 environments: build", seconds, "s", None, 5, "most"),
        Row(f"{MANY:,} prompts x 3 environments: memory", megabytes, "MB", None, 300, "most"),
        Row("one more release: next snapshot", change_ms, "ms"),
        Row("whole-environment answer, gzip, on first need", whole_ms, "ms"),
    ]


def main() -> None:
    """Print these rows alone."""
    for row in run():
        print(
            f"{row.name:<50} {row.value:>12,.2f} {row.unit:<12} {f'{row.ratio:.2f}' if row.ratio else '':<6} {row.target or ''}"
        )


if __name__ == "__main__":
    main()
