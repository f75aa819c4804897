"""Canonical JSON: RFC 8785's own vectors, and what it cannot carry."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook_server.domain.canonical import INTEGER_MAX, canonical, digest, pointer, read_canonical
from cuebook_server.domain.errors import BadContent, ContentTooLarge

VECTORS = Path(__file__).parents[1] / "data" / "rfc8785-jcs"
numbers = st.integers(-INTEGER_MAX, INTEGER_MAX) | st.floats(allow_nan=False, allow_infinity=False).filter(
    lambda number: abs(number) <= INTEGER_MAX or abs(number) >= 1e21
)
scalars = st.none() | st.booleans() | numbers | st.text()
documents = st.dictionaries(
    st.text(), st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)
)


@pytest.mark.parametrize("name", sorted(path.name for path in (VECTORS / "input").iterdir()))
def test_published_vectors(name: str) -> None:
    value = json.loads((VECTORS / "input" / name).read_bytes())
    assert canonical(value) == (VECTORS / "output" / name).read_bytes()


@given(documents)
def test_what_is_read_back_is_the_same_and_has_the_same_bytes(document: dict[str, Any]) -> None:
    data = canonical(document)
    assert read_canonical(data) == document
    assert canonical(read_canonical(data)) == data


@given(documents)
def test_the_order_of_keys_does_not_count(document: dict[str, Any]) -> None:
    assert canonical(dict(reversed(document.items()))) == canonical(document)


def test_a_digest_names_its_algorithm() -> None:
    assert digest(b"{}") == "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


@pytest.mark.parametrize(
    ("value", "at"),
    [
        ({"a": [0, math.nan]}, "/a/1"),
        ({"a": -math.inf}, "/a"),
        ({"a/b~": "\ud800"}, "/a~1b~0"),
        ({"\udfff": 1}, ""),
        ({1: 2}, ""),
        ({"a": {"b": (1,)}}, "/a/b"),
        ({"a": 2**53}, "/a"),
        ({"a": -(2**53)}, "/a"),
        ({"a": 1e20}, "/a"),
        ({"a": 10**30}, "/a"),
    ],
)
def test_what_canonical_json_cannot_carry_is_refused_with_its_place(value: object, at: str) -> None:
    with pytest.raises(BadContent) as caught:
        canonical(value)
    assert caught.value.data["at"] == at


def test_numbers_up_to_the_edge_are_kept() -> None:
    edge = [2**53 - 1, -(2**53 - 1), 1e21, 5e-324, 0.1]
    assert read_canonical(canonical({"edge": edge})) == {"edge": edge}


def test_depth_is_bounded() -> None:
    def nested(levels: int) -> object:
        return [nested(levels - 1)] if levels else 0

    assert canonical(nested(32)) == b"[" * 32 + b"0" + b"]" * 32
    with pytest.raises(BadContent, match="deeper than 32"):
        canonical(nested(33))


def test_size_is_bounded_to_the_byte() -> None:
    assert len(canonical("x" * (2**20 - 2))) == 2**20
    with pytest.raises(ContentTooLarge, match="1,048,577 bytes"):
        canonical("x" * (2**20 - 1))


def test_pointers_cut_what_strangers_made_long() -> None:
    assert pointer("/a", "x" * 100, 3) == f"/a/{'x' * 59}…/3"
