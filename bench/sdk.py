"""What the SDK costs an application: a read from memory, and a render against the joining of ready strings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from timeit import repeat

from bench.rows import Row
from cuebook import rendering, template
from cuebook.testing import FakeAsyncClient, FakeClient

PROMPTS = 1_000
LOOPS, ROUNDS = 20_000, 15
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
    return [*reads(), *renders()]


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
