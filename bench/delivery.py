"""Delivery's hot path against a bare "hello" on the same server, in the same run; and what 10,000 prompts cost a node."""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench._delivery_server import registry
from bench.rows import Row

ROUNDS = 5
SECONDS = 2
MANY = 10_000
ROOT = Path(__file__).parent.parent
_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")


def run() -> list[Row]:
    """Requests a second in alternating rounds, then memory and time of a large node."""
    with ExitStack() as servers:
        hello = servers.enter_context(_serving("hello"))
        few = servers.enter_context(_serving("10"))
        many = servers.enter_context(_serving(str(MANY)))
        path, key = "/v1/prompts/team.prompt-7", f"Authorization: Bearer {registry(0)[1]}"
        cells = {
            "hello": (hello, (key,)),
            "one": (few + path, (key,)),
            "304": (few + path, (key, f"If-None-Match: {_etag(few + path, key)}")),
            "many": (many + path, (key,)),
        }
        rates = _rates(cells)
    return [
        Row('raw-ASGI "hello"', statistics.median(rates["hello"]), "requests/s"),
        _against('one prompt by key, against "hello"', rates["one"], rates["hello"], 0.80),
        _against("304, against 200", rates["304"], rates["one"], 1.0),
        _against(f"one of {MANY:,} prompts, against one of 10", rates["many"], rates["one"], 0.90),
        *_size(),
    ]


def _against(name: str, rates: Sequence[float], base: Sequence[float], target: float) -> Row:
    """Rounds are compared in pairs: what disturbs a machine for some seconds disturbs both."""
    ratio = statistics.median(ours / theirs for ours, theirs in zip(rates, base, strict=True))
    return Row(name, statistics.median(rates), "requests/s", ratio, target)


def _rates(cells: dict[str, tuple[str, Sequence[str]]]) -> dict[str, list[float]]:
    rates: dict[str, list[float]] = {name: [] for name in cells}
    for _ in range(ROUNDS):
        for name, (url, headers) in cells.items():
            rates[name].append(_wrk(url, headers))
    return rates


def _wrk(url: str, headers: Sequence[str]) -> float:
    named = [word for header in headers for word in ("-H", header)]
    command = ["wrk", "-t1", "-c32", f"-d{SECONDS}", *named, url]
    output = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    found = _RATE.search(output)
    if found is None or "Non-2xx" in output:
        raise RuntimeError(f"{url} did not answer as it should:\n{output}")
    return float(found[1])


def _etag(url: str, authorization: str) -> str:
    asked = urllib.request.Request(url, headers=dict([authorization.split(": ")]))
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return str(answer.headers["ETag"])


@contextmanager
def _serving(what: str) -> Iterator[str]:
    """A server process on a free port; its address."""
    command = [sys.executable, "-m", "bench._delivery_server", what]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
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
