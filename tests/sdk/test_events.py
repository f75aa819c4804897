"""The event stream's parser: any chunking gives the same events, and nothing grows without bound."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook._events import EVENT_BYTES_MAX, LINE_BYTES_MAX, Event, Goodbye, Head, Hello, Parser, Retry
from cuebook.errors import BadAnswer


def event(name: str, **data: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def parsed(chunks: list[bytes]) -> list[Event | str]:
    """The events, and the end where the contract is broken."""
    parser, found = Parser(), list[Event | str]()
    try:
        for chunk in chunks:
            found.extend(parser.feed(chunk))
    except BadAnswer as error:
        found.append(error.detail)
    return found


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


GOOD = (
    b"\xef\xbb\xbfretry: 3127\r\nevent: hello\r\nid: 1:5\r\n"
    b'data: {"epoch":1,"revision":5,"heartbeat_s":2,"life_s":9}\r\n\r\n'
    b': hb\revent:head\rdata:{"epoch": 1,\rdata: "revision": 6}\r\r'
    + event("goodbye", reason="drain", retry_ms=4210)
    + "event: fête\ndata: ü\n\n".encode()
)
LINES = st.sampled_from(
    [b"event: head", b"event: hello", b'data: {"epoch": 1,', b'data: "revision": 2}', b"data: x", b": hb", b"", b"id: 7"]
)
STREAMS = st.lists(st.tuples(LINES, st.sampled_from([b"\n", b"\r", b"\r\n"])), max_size=30).map(
    lambda lines: b"".join(line + end for line, end in lines)
)


def test_a_stream_is_read_whatever_ends_its_lines() -> None:
    assert parsed([GOOD]) == [Retry(3127), Hello(1, 5, 2.0), Head(1, 6), Goodbye("drain", 4210.0)]


@given(st.lists(st.integers(0, 10_000), max_size=12), st.one_of(st.just(GOOD), STREAMS, st.binary(max_size=200)))
def test_any_chunking_gives_the_same_events(places: list[int], data: bytes) -> None:
    assert parsed(cut(data, places)) == parsed([data]) == parsed([bytes([byte]) for byte in data])


@pytest.mark.parametrize(
    "bad",
    [
        b"event: head\ndata: {}\n\n",
        b"event: head\ndata: [1]\n\n",
        b"event: head\n\n",
        event("head", epoch=1, revision="6"),
        event("head", epoch=1, revision=-1),
        event("hello", epoch=True, revision=1),
        event("hello", epoch=1, revision=1, heartbeat_s="soon"),
        event("goodbye", retry_ms=[]),
        b'event: head\ndata: {"epoch": 1, "epoch": 2, "revision": 1}\n\n',
    ],
)
def test_a_known_event_that_does_not_fit_ends_the_stream(bad: bytes) -> None:
    with pytest.raises(BadAnswer):
        list(Parser().feed(bad))


def test_a_cut_list_of_changes_does_not_matter() -> None:
    changed = [["support.triage", 8]]
    assert parsed([event("head", epoch=1, revision=6, changed=changed)]) == parsed([event("head", epoch=1, revision=6)])


def test_a_line_and_an_event_are_bounded() -> None:
    long = b"data: " + b"x" * LINE_BYTES_MAX
    assert parsed([long]) == parsed([long + b"\n\n"]) == [f"A line of the event stream is longer than {LINE_BYTES_MAX} bytes."]
    many = [b"data: " + b"x" * 60_000 + b"\n"] * 5
    assert parsed(many) == [f"An event is larger than {EVENT_BYTES_MAX} bytes."]


def test_a_heartbeat_of_hours_counts_as_a_minute() -> None:
    assert parsed([event("hello", epoch=1, revision=1, heartbeat_s=86400)]) == [Hello(1, 1, 60.0)]
