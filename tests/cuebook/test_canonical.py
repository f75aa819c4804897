"""The quick way to canonical JSON gives the bytes of the thorough one, or leaves it to that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import rfc8785
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cuebook import canonical

# What encoders disagree on: controls, quotes, separators that JavaScript treats as line ends, both sides of the surrogates.
NASTY = st.sampled_from('\x00\x08\x1f\x7f"\\/\u2028\u20ac\ud7ff\ue000\uffff\U00010000\ud83d\udca9')
TEXT = st.text(NASTY | st.characters(exclude_categories=[]), max_size=8)
NUMBER = st.integers() | st.integers(2**53 - 2, 2**53 + 1) | st.floats() | st.sampled_from([-0.0, 1e21, 1e-7, 5e-324])
VALUE = st.recursive(
    st.none() | st.booleans() | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def thorough(value: Any) -> bytes | None:
    try:
        return rfc8785.dumps(value)
    except ValueError:
        return None


def quick(value: Any) -> bytes | None:
    try:
        return canonical.dumps(value)
    except ValueError:
        return None


@pytest.fixture(params=["as installed", "without orjson"], autouse=True)
def encoder(request: pytest.FixtureRequest) -> Iterator[None]:
    """Both ways to write what is plain."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "without orjson":
            patch.setattr(canonical, "_write", canonical._standard()[1])
        yield


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(VALUE)
def test_the_same_bytes_or_the_same_refusal(value: Any) -> None:
    assert quick(value) == thorough(value)


@given(
    st.recursive(st.none() | st.booleans() | st.integers(0, 99) | st.text(st.characters(exclude_categories=["Cs"])), st.lists)
)
def test_what_is_plain_is_not_left_to_the_slow_way(value: Any) -> None:
    assert canonical.plain_bytes(value) == thorough(value)


class Word(str):
    """No text of Python's own."""


@pytest.mark.parametrize("value", [1.0, 2**53, "\ud800", {"\u00e9": 1}, {1: 1}, {None: 1}, (1,), Word("a"), b"a", {"a": {2.5}}])
def test_what_is_not_plain(value: Any) -> None:
    assert canonical.plain_bytes(value) is None
    assert canonical.plain_bytes({"a": [value]}) is None
