"""A checkpoint shows what a chain's own hashes cannot: that it was cut, or written anew."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from cuebook.audit import GENESIS, csv_line, entry_hash, verify
from cuebook.checkpoint import BadCheckpoint, public_key, read, sign

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))


def chain(length: int, word: str = "told") -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = []
    for seq in range(1, length + 1):
        entry = {"seq": seq, "said": word, "prev": entries[-1]["hash"] if entries else GENESIS}
        entries.append(entry | {"hash": entry_hash(entry)})
    return entries


def checkpoint(entries: list[dict[str, Any]]) -> dict[str, Any]:
    return sign(KEY, project="desk", seq=len(entries), head=entries[-1]["hash"], at="2026-11-21T10:00:00+00:00")


def test_a_checkpoint_says_what_was_signed() -> None:
    entries = chain(3)
    assert read(checkpoint(entries), public_key(KEY)) == (3, entries[-1]["hash"])


@pytest.mark.parametrize("name", ["project", "seq", "hash", "at", "kind", "key"])
def test_a_changed_checkpoint_is_refused(name: str) -> None:
    with pytest.raises(BadCheckpoint, match="changed"):
        read(checkpoint(chain(3)) | {name: "other"}, public_key(KEY))


def test_another_key_vouches_for_nothing() -> None:
    with pytest.raises(BadCheckpoint, match="not of this key"):
        read(checkpoint(chain(3)), public_key(OTHER))


@pytest.mark.parametrize("bad", [{}, {"signature": "?"}, {"signature": "AAAA", "kind": "x"}])
def test_what_is_no_checkpoint_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(BadCheckpoint):
        read(bad, public_key(KEY))


@given(st.integers(2, 12), st.data())
def test_a_chain_that_was_cut_is_intact_by_itself_and_not_beside_a_checkpoint(length: int, data: st.DataObject) -> None:
    entries = chain(length)
    vouched = dict([read(checkpoint(entries), public_key(KEY))])
    cut = entries[: data.draw(st.integers(0, length - 1))]
    assert verify(cut).intact
    assert verify(entries, vouched=vouched).intact
    assert "cut" in verify(cut, vouched=vouched).problem


def test_a_chain_that_was_written_anew_is_found_at_the_checkpoint() -> None:
    vouched = dict([read(checkpoint(chain(3)), public_key(KEY))])
    anew = chain(5, "something else")
    assert verify(anew).intact
    assert verify(anew, vouched=vouched).broken_at == 3


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))))
def test_no_cell_of_an_export_is_a_formula(cells: list[str]) -> None:
    [read_back] = csv.reader(io.StringIO(csv_line(cells), newline="")) if cells else [[]]
    assert [
        cell.removeprefix("'") if given.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
        for cell, given in zip(read_back, cells, strict=True)
    ] == cells
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in read_back)
