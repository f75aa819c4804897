"""Entity tags: equal exactly when the bytes are, and compared as RFC 9110 says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook_server.delivery import etags

SUITE = json.loads((Path(__file__).parents[1] / "data/http-cache-tests/conditional-inm.json").read_text())
TAGS = st.from_regex(rb'"[\x21\x23-\x7e\x80-\xff]{0,12}"', fullmatch=True)
MEMBERS = st.builds(lambda weak, tag: weak + tag, st.sampled_from([b"", b"W/"]), TAGS)
SPACES = st.sampled_from([b"", b" ", b"\t ", b" , "])


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_tags_are_equal_exactly_when_the_bytes_are(one: bytes, other: bytes) -> None:
    assert (etags.of(one) == etags.of(other)) == (one == other)


@given(st.binary(max_size=40))
def test_a_tag_is_strong_and_43_characters_of_base64url(body: bytes) -> None:
    assert re.fullmatch(rb'"[A-Za-z0-9_-]{43}"', etags.of(body))


@given(st.lists(st.tuples(SPACES, MEMBERS, SPACES), max_size=5), TAGS)
def test_a_list_matches_exactly_when_it_holds_the_tag_weak_or_not(
    members: list[tuple[bytes, bytes, bytes]], tag: bytes
) -> None:
    header = b",".join(before + member + after for before, member, after in members)
    assert etags.matches(header, tag) == (tag in [member.removeprefix(b"W/") for _, member, _ in members])


@given(st.lists(MEMBERS, min_size=1, max_size=4), TAGS)
def test_a_star_within_a_list_is_no_star(members: list[bytes], tag: bytes) -> None:
    assert etags.matches(b", ".join([*members, b"*"]), tag) == etags.matches(b", ".join(members), tag)


@given(st.binary(max_size=60))
def test_anything_else_is_read_without_a_fault(header: bytes) -> None:
    assert etags.matches(header, etags.of(b"x")) == (header.strip(b" \t") == b"*")


@pytest.mark.parametrize("header", [b"*", b" * "])
def test_a_star_matches_everything(header: bytes) -> None:
    assert etags.matches(header, etags.of(b""))


@pytest.mark.parametrize("case", SUITE, ids=lambda case: case["id"])
def test_the_public_caching_suite(case: dict[str, str]) -> None:
    """Every case names the stored tag; those in a form the RFC does not know (unquoted, ``w/``) count as unknown tags."""
    header, stored = (case[name].encode("latin-1") for name in ("if_none_match", "etag"))
    ours = b'"' + stored.strip(b'Ww/\\"') + b'"'
    member = rb'(W/)?"[^"]*"'
    assert etags.matches(header, ours) == bool(re.fullmatch(member + rb"(, " + member + rb")*", header))


def test_a_hostile_header_costs_no_more_than_its_length() -> None:
    assert not etags.matches(b'"a" ' + b" ," * 30_000 + b'W/"' * 1_000, b'"b"')
