"""A key's file is made once, whole, and readable by its owner alone."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from cuebook_server.adapters import key_files


def test_it_is_made_once_and_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "key"
    key_files.ensure(path, lambda: b"first")
    key_files.ensure(path, lambda: b"second")
    assert path.read_bytes() == b"first"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["key"]


def test_what_ends_half_way_leaves_none(tmp_path: Path) -> None:
    def fail() -> bytes:
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space"):
        key_files.ensure(tmp_path / "key", fail)
    assert list(tmp_path.iterdir()) == []


def test_who_comes_second_takes_the_key_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "key"

    def slower() -> bytes:
        path.write_bytes(b"theirs")
        return b"mine"

    key_files.ensure(path, slower)
    assert path.read_bytes() == b"theirs"
