"""What the SDK costs an application: a read from memory, and a render against the joining of ready strings."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from timeit import repeat

from bench.rows import Row
from cuebook import rendering, template
from cuebook._exchange import Answer
from cuebook._files import Disk
from cuebook._record import KeyName, Record
from cuebook.delivery import NOTHING, decide
from cuebook.testing import FakeAsyncClient, FakeClient

PROMPTS = 1_000
LOOPS, ROUNDS, STARTS = 20_000, 15, 5
SENTENCE = "Read the ticket below with care, decide which team it belongs to, and answer in the words the customer used. "
NAMES = ("ticket", "language", "team", "tone", "product", "today")
# 1.2 kB: six variables between pieces of 180 characters.
TEXT = "".join(f"{(SENTENCE * 2)[:180]}{{{{{name}}}}}" for name in NAMES) + SENTENCE
VALUES = {name: f"the {name} of this call" for name in NAMES}


def nanoseconds(*tasks: Callable[[], object]) -> list[float]:
    """The least time of each, measured in turns: what else the machine does only ever adds."""
    rounds = [[repeat(task, number=LOOPS, repeat=1)[0] / LOOPS * 1e9 for task in tasks] for _ in range(ROUNDS)]
    return [min(times) for times in zip(*rounds, strict=True)]


def reads() -> list[Row]:
    """``get`` of a client that holds a thousand prompts."""
    client = FakeClient({f"team.prompt-{number}": TEXT for number in range(PROMPTS)})
    [get] = nanoseconds(lambda: client.get("team.prompt-500"))
    return [
        Row("SDK: get from memory", get, "ns", target=1_000, bound="most"),
        Row("SDK: get from memory, asyncio", asyncio.run(_async_read()), "ns", target=1_000, bound="most"),
    ]


def starts() -> list[Row]:
    """From the end of the import to the first prompt, in a new process, while the registry's address takes calls and is silent.

    And what a read takes there, as long as the registry stays away.
    """
    with TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        path = Path(folder) / "prompts.json"
        path.write_bytes(_record().to_bytes())
        times = {name: [_start(url, path, name, folder) for _ in range(STARTS)] for name in ("bundle", "disk", "fallback")}
    down = "with the registry down"
    nothing = max(took for took, _ in times["fallback"]) / 1e3
    return [
        Row(f"SDK: get {down}", min(get for _, get in times["bundle"]), "ns", target=1_000, bound="most"),
        *(
            Row(f"SDK: start from the {name} {down}, {PROMPTS:,} prompts", min(times[name])[0], "ms", target=50, bound="most")
            for name in ("bundle", "disk")
        ),
        Row(f"SDK: start with nothing kept {down}: the code's fallback, at most", nothing, "s", target=2, bound="most"),
    ]


def renders() -> list[Row]:
    """A 1.2 kB template with six variables, from the engine alone up to the prompt with its receipt at hand.

    Every ratio is to the join of strings that are all ready. Looking six values up and joining by hand is the least that any
    render can do, so its ratio says how much of the target is left for the engine.
    """
    parsed, compiled = template.parse(TEXT), rendering.compile({"kind": "text", "text": TEXT})
    prompt = FakeClient({"a": TEXT}).get("a")
    ready = [VALUES.get(getattr(segment, "name", ""), segment.source) for segment in parsed.segments]
    s0, s1, s2, s3, s4, s5, s6 = ready[::2]

    def by_hand(v: Mapping[str, str] = VALUES) -> str:
        parts = (s0, v["ticket"], s1, v["language"], s2, v["team"], s3, v["tone"], s4, v["product"], s5, v["today"], s6)
        return "".join(parts)

    assert "".join(ready) == by_hand() == parsed.render(VALUES) == prompt.render(VALUES).text
    join, hand, engine, checked, whole = nanoseconds(
        lambda: "".join(ready),
        by_hand,
        lambda: parsed.render(VALUES),
        lambda: compiled.render(VALUES),
        lambda: prompt.render(VALUES),
    )
    return [
        Row("SDK: str.join over ready segments, 1.2 kB", join, "ns"),
        Row("SDK: the same with 6 values looked up, by hand", hand, "ns", hand / join),
        Row("SDK: template render of the same", engine, "ns", engine / join, 2.0, "most"),
        Row("SDK: render with the contract checked", checked, "ns", checked / join),
        Row("SDK: Prompt.render, all of it", whole, "ns", whole / join),
    ]


def run() -> list[Row]:
    """All measurements of this module."""
    return [*reads(), *starts(), *renders()]


KEY = "cue_prd_selector_secret_checksum"
START = """
import json, sys, time
from pathlib import Path
from timeit import repeat
import cuebook
from cuebook import client as _
url, bundle, source, folder, key = sys.argv[1:]
began = time.perf_counter()
client = cuebook.Client(url, key, bundle=bundle if source == "bundle" else None, disk=folder if source == "disk" else False)
prompt = client.get("team.prompt-500", fallback="as written in the code")
took_ms = (time.perf_counter() - began) * 1e3
assert prompt.source == source
get_ns = min(repeat(lambda: client.get("team.prompt-500", fallback=""), number=5_000, repeat=20)) / 5_000 * 1e9
client.close()
print(json.dumps([took_ms, get_ns]))
"""


def _start(url: str, bundle: Path, source: str, folder: str) -> tuple[float, float]:
    """Milliseconds to the first prompt, nanoseconds of a read after it."""
    if source == "disk":
        key = KeyName.of(KEY)
        answer = Answer(200, {"content-type": "application/json"}, _body())
        Disk(Path(folder), True, server=url, key=key, environment=None).save(decide(NOTHING, answer, 0.0), answer)
    command = [sys.executable, "-c", START, url, str(bundle), source, folder, KEY]
    told = subprocess.run(command, capture_output=True, check=True, text=True, timeout=60).stdout
    took_ms, get_ns = json.loads(told)
    return took_ms, get_ns


def _record() -> Record:
    answer = Answer(200, {"content-type": "application/json"}, _body())
    return Record.of(decide(NOTHING, answer, 0.0), answer, server="", key=KeyName("prd"), now=time.time())


def _body() -> bytes:
    stamp = {"version": 1, "digest": f"sha256:{0:064x}", "environment": "production", "released_at": "2026-01-01T00:00:00Z"}
    whole = {"kind": "text", "engine": "simple", "variables": {}, "model": None, "tools": [], "response_format": None, **stamp}
    prompts = [{"name": f"team.prompt-{number}", "text": TEXT, **whole} for number in range(PROMPTS)]
    return json.dumps({"environment": "production", "epoch": 1, "revision": 1, "prompts": prompts}).encode()


async def _async_read() -> float:
    client = FakeAsyncClient({"a": TEXT})
    loop, times = asyncio.get_running_loop(), []
    for _ in range(ROUNDS):
        began = loop.time()
        for _ in range(LOOPS):
            await client.get("a")
        times.append((loop.time() - began) / LOOPS * 1e9)
    return min(times)


def main() -> None:
    """Print the table."""
    for row in run():
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        target = "" if row.target is None else f"at {row.bound} {row.target:g}"
        verdict = {True: "reached", False: "missed", None: ""}[row.reached]
        print(f"{row.name:48} {row.value:9,.0f} {row.unit:4} {ratio:>6} {target:14} {verdict}")


if __name__ == "__main__":
    main()
