"""What a node writes down serves the next start without its database, byte for byte; what is damaged or foreign does not."""

from __future__ import annotations

import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cuebook_server.delivery.app import Delivery
from cuebook_server.delivery.board import Board
from cuebook_server.delivery.last_known_good import LastKnownGood
from cuebook_server.delivery.pinned import Pinned
from cuebook_server.delivery.watcher import Watcher
from tests.delivery.client import TRIAGE, Node, Shop

PLACE = "postgresql://somewhere/cuebook"


def copy_of(folder: Path, place: str = PLACE, bytes_max: int = 1 << 30) -> LastKnownGood:
    return LastKnownGood(folder, place, bytes_max)


def started_without(shop: Shop, folder: Path, place: str = PLACE, stale_s_max: float = 0) -> Node:
    """A node that starts while the database is away."""
    shop.source.down = True
    pinned = Pinned(shop.source)
    board = Board(shop.source, fall_back=copy_of(folder, place).load, stale_s_max=stale_s_max)
    assert not board.refresh_now()
    return Node(shop.source, board, pinned, Delivery(board, pinned))


def test_the_next_start_serves_the_same_bytes_without_the_database(shop: Shop, tmp_path: Path) -> None:
    shop.source.alias("old.name", TRIAGE)
    shop.node.board.refresh_now()
    copy_of(tmp_path).keep(shop.node.board)
    node = started_without(shop, tmp_path)
    for name, key in shop.keys.items():
        for path in (f"/v1/prompts/{TRIAGE}", "/v1/snapshot", "/v1/prompts", "/v1/prompts/old.name"):
            before, after = shop.get(path, name), node.get(path, key)
            assert (after.status, after.body, after.headers) == (before.status, before.body, before.headers)
    assert Watcher(node.board, shop.source).state == "stale"


def test_it_goes_on_where_the_database_is_when_it_is_back(shop: Shop, tmp_path: Path) -> None:
    copy_of(tmp_path).keep(shop.node.board)
    node = started_without(shop, tmp_path)
    shop.source.release(shop.environments["production"], TRIAGE, 2)
    shop.source.change_key(replace(next(iter(shop.source.delivery_keys.values())), revoked_at=datetime.now(UTC)))
    shop.source.down = False
    assert node.board.refresh_now()
    assert node.board.confirmed
    assert node.get(f"/v1/prompts/{TRIAGE}", shop.prd).json["version"] == 2
    assert node.get(f"/v1/prompts/{TRIAGE}", shop.keys["development"]).code == "key_revoked"


def test_a_key_that_expires_meanwhile_ends_on_time(shop: Shop, tmp_path: Path) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    expiring = shop.source.add_key(shop.environments["production"], expires_at=soon)
    shop.node.board.refresh_now()
    copy_of(tmp_path).keep(shop.node.board)
    node = started_without(shop, tmp_path)
    assert node.get("/v1/prompts", expiring).status == 200
    node.app._clock = lambda: soon.timestamp() + 1
    assert node.get("/v1/prompts", expiring).code == "key_expired"
    assert node.get("/v1/prompts", shop.prd).status == 200


def test_how_old_it_may_be_is_a_setting(shop: Shop, tmp_path: Path) -> None:
    copy_of(tmp_path).keep(shop.node.board)
    node = started_without(shop, tmp_path, stale_s_max=60)
    assert node.get("/v1/prompts", shop.prd).status == 200
    node.app._clock = lambda: shop.node.board.as_of + 61
    assert node.get("/v1/prompts", shop.prd).code == "too_stale"


def test_it_holds_no_key_and_belongs_to_its_owner(shop: Shop, tmp_path: Path) -> None:
    copy_of(tmp_path / "copy").keep(shop.node.board)
    files = list((tmp_path / "copy").iterdir())
    assert len(files) == 6, "doors, three environments, how far it had come, the lock"
    assert stat.S_IMODE((tmp_path / "copy").stat().st_mode) == 0o700
    for file in files:
        assert file.name == "lock" or stat.S_IMODE(file.stat().st_mode) == 0o600
        assert not any(key.encode() in file.read_bytes() for key in shop.keys.values())


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1], lambda data: b"", lambda data: data.replace(b"Version", b"Vorsion")]
)
def test_a_damaged_environment_is_left_out_and_the_others_serve(shop: Shop, tmp_path: Path, damage: object) -> None:
    copy_of(tmp_path).keep(shop.node.board)
    file = tmp_path / "environment-{}-{}".format(*shop.environments["production"])
    file.write_bytes(damage(file.read_bytes()))  # type: ignore[operator]  # each is a function of bytes
    node = started_without(shop, tmp_path)
    assert node.get("/v1/prompts", shop.prd).status == 503
    assert node.get("/v1/prompts", shop.keys["staging"]).status == 200


def test_every_cut_and_flipped_bit_is_noticed(shop: Shop, tmp_path: Path) -> None:
    copy_of(tmp_path).keep(shop.node.board)
    doors = tmp_path / "doors"
    whole = doors.read_bytes()
    for position in range(0, len(whole), 7):
        doors.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        assert copy_of(tmp_path).load() is None


def test_a_copy_of_another_place_does_not_count(shop: Shop, tmp_path: Path) -> None:
    copy_of(tmp_path, "postgresql://elsewhere/cuebook").keep(shop.node.board)
    assert not started_without(shop, tmp_path).board.loaded


def test_another_registry_at_the_same_place_is_refused_until_a_new_start(shop: Shop, tmp_path: Path) -> None:
    copy_of(tmp_path).keep(shop.node.board)
    node = started_without(shop, tmp_path)
    shop.source.down, shop.source.registry = False, "another"
    assert not node.board.refresh_now()
    assert node.get("/v1/prompts", shop.prd).status == 200
    anew = Board(shop.source, fall_back=copy_of(tmp_path).load)
    assert anew.refresh_now()


def test_what_another_process_wrote_later_stays(shop: Shop, tmp_path: Path) -> None:
    late = Board(shop.source)
    late.refresh_now()
    shop.release("production", TRIAGE, 2)
    copy_of(tmp_path).keep(shop.node.board)
    copy_of(tmp_path).keep(late)
    assert started_without(shop, tmp_path).get(f"/v1/prompts/{TRIAGE}", shop.prd).json["version"] == 2


def test_a_copy_is_never_made_of_a_copy(shop: Shop, tmp_path: Path) -> None:
    copy_of(tmp_path / "one").keep(shop.node.board)
    node = started_without(shop, tmp_path / "one")
    copy_of(tmp_path / "other").keep(node.board)
    assert not (tmp_path / "other").exists()


def test_what_does_not_fit_leaves_what_was_there(shop: Shop, tmp_path: Path) -> None:
    copy_of(tmp_path).keep(shop.node.board)
    shop.release("production", TRIAGE, 2)
    with pytest.raises(OSError, match="does not fit"):
        copy_of(tmp_path, bytes_max=100).keep(shop.node.board)
    assert started_without(shop, tmp_path).get(f"/v1/prompts/{TRIAGE}", shop.prd).json["version"] == 1


def test_only_what_changed_is_written_again(shop: Shop, tmp_path: Path) -> None:
    copy = copy_of(tmp_path)
    copy.keep(shop.node.board)
    before = {file.name: file.stat().st_ino for file in tmp_path.iterdir()}
    shop.release("production", TRIAGE, 2)
    copy.keep(shop.node.board)
    changed = {file.name for file in tmp_path.iterdir() if file.stat().st_ino != before.get(file.name)}
    assert changed == {"environment-{}-{}".format(*shop.environments["production"])}
