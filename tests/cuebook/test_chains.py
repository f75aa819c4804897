"""Checking a file quickly finds what checking it entry by entry finds, whatever was done to it and however it is cut."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook import canonical, wire
from cuebook.audit import GENESIS, Verification, entry_hash, verify
from cuebook.cli import chains

VALUE = st.none() | st.integers(-5, 2**54) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4)
CHANGE = st.none() | st.dictionaries(st.text(max_size=4), VALUE, max_size=3)
LENGTH = 6


def entries(changes: list[Any]) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for number, change in enumerate(changes, 1):
        entry = {"seq": number, "target": "a", "after": change, "prev": made[-1]["hash"] if made else GENESIS}
        try:
            made.append(entry | {"hash": entry_hash(entry)})
        except ValueError:  # a number or a text that no chain can hold
            made.append(entry | {"after": None} | {"hash": entry_hash(entry | {"after": None})})
    return made


def lines(chain: list[dict[str, Any]]) -> list[bytes]:
    return [json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode() for entry in chain]


def strictly(data: bytes, vouched: Mapping[int, str]) -> Verification:
    """What was done before there was a quick way: read every line strictly, hash it thoroughly."""

    def read() -> Iterator[Mapping[str, Any]]:
        for line in io.BytesIO(data):
            try:
                entry = wire.loads(line)
            except wire.WireError:
                entry = None
            yield entry if isinstance(entry, dict) else {"seq": "(unreadable)"}

    return verify(read(), vouched=vouched)


def alike(data: bytes, vouched: Mapping[int, str] | None = None) -> Verification:
    """Checked strictly and quickly, with orjson and without, in blocks of one entry, of some, and as a whole."""
    wanted = strictly(data, vouched or {})
    readers = canonical._quickest(), canonical._standard()
    for block_bytes, (read, write) in product((1, 500, 1_000_000), readers):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(chains, "_cores", lambda: 1)
            patch.setattr(canonical, "read_quickly", read)
            patch.setattr(canonical, "_write", write)
            assert chains.verify_file(io.BytesIO(data), vouched or {}, block_bytes=block_bytes) == wanted
    return wanted


@given(st.lists(CHANGE, max_size=LENGTH))
def test_any_chain_is_intact_both_ways(changes: list[Any]) -> None:
    data = b"".join(line + b"\n" for line in lines(entries(changes)))
    assert alike(data).intact
    assert alike(data.removesuffix(b"\n")).entries == len(changes)


def twice(line: bytes) -> bytes:
    """A member stands twice, with a hash over what a careless reader sees."""
    return line.replace(b'"target":"a"', b'"target":"x","target":"a"')


def shuffled(line: bytes) -> bytes:
    return json.dumps(dict(reversed(json.loads(line).items())), ensure_ascii=False, separators=(",", ":")).encode()


HARMS = {
    "a member twice": (twice, False),
    "another text": (lambda line: line.replace(b'"a"', b'"b"'), False),
    "a float of the same value": (lambda line: line.replace(b'"seq":3', b'"seq":3.0'), True),
    "members in another order": (shuffled, True),
    "white space": (lambda line: line.replace(b":", b": ", 1), True),
    "a needless escape": (lambda line: line.replace(b'"a"', b'"\\u0061"'), True),
    "a lone surrogate": (lambda line: line.replace(b'"a"', b'"\\ud800"'), False),
    "a number that is none": (lambda line: line.replace(b'"a"', b"NaN"), False),
    "bytes that are no UTF-8": (lambda line: line.replace(b'"a"', b'"\xff"'), False),
    "UTF-16": (lambda line: line.decode().encode("utf-16"), False),
    "nested too deeply": (lambda line: line.replace(b'"a"', b"[" * 980 + b"]" * 980), False),
    "a byte order mark": (lambda line: b"\xef\xbb\xbf" + line, False),
    "a list": (lambda line: b"[" + line + b"]", False),
    "nothing": (lambda _: b"", False),
    "no hash": (lambda line: line[: line.index(b',"hash"')] + b"}", False),
    "a carriage return": (lambda line: line + b"\r", True),
}


@pytest.mark.parametrize("harm", HARMS)
def test_what_was_done_to_a_line_is_found_alike(harm: str) -> None:
    change, intact = HARMS[harm]
    made = lines(entries([None] * LENGTH))
    made[2] = change(made[2])
    found = alike(b"\n".join(made))
    assert (found.intact, found.broken_at) == ((True, None) if intact else (False, 3))


@given(st.permutations(range(LENGTH)), st.integers(0, LENGTH), st.integers(0, LENGTH))
def test_lines_that_moved_or_went_are_found_alike(order: list[int], start: int, end: int) -> None:
    made = lines(entries([None] * LENGTH))
    kept = list(range(LENGTH))
    kept[start:end] = [i for i in order if start <= i < end][: max(0, end - start - 1)]
    found = alike(b"\n".join(made[i] for i in kept))
    assert found.intact is (kept == list(range(len(kept))))


@pytest.mark.parametrize("seq", [2, 5, LENGTH, LENGTH + 1])
def test_a_checkpoint_counts_in_every_block(seq: int) -> None:
    chain = entries([None] * LENGTH)
    data = b"\n".join(lines(chain))
    assert not alike(data, {seq: "0" * 64}).intact
    assert alike(data, {seq: chain[seq - 1]["hash"]} if seq <= LENGTH else {}).intact


@pytest.mark.parametrize("broken", [None, 3, 50])
def test_helpers_confirm_and_the_finding_stays_the_same(monkeypatch: pytest.MonkeyPatch, broken: int | None) -> None:
    monkeypatch.setattr(chains, "_cores", lambda: 2)
    made = lines(entries([{"number": number} for number in range(60)]))
    if broken:
        made[broken - 1] = made[broken - 1].replace(b'"a"', b'"b"')
    told: list[int] = []
    found = chains.verify_file(io.BytesIO(b"\n".join(made)), {}, tell=told.append, block_bytes=3_000)
    assert found == strictly(b"\n".join(made), {})
    assert found.broken_at == broken
    assert (sum(told) == 60) is (broken is None)


def test_where_no_process_may_be_started_the_check_goes_on_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(chains, "_cores", lambda: 2)
    monkeypatch.setattr(ProcessPoolExecutor, "submit", refused)
    data = b"\n".join(lines(entries([None] * LENGTH)))
    assert chains.verify_file(io.BytesIO(data), {}, block_bytes=1).entries == LENGTH
