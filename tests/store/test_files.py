"""A backup is one moment of a database in use; what is put back is whole, checked, and leaves what was there."""

from __future__ import annotations

import os
import shutil
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from cuebook_server.cli.backups import restored
from cuebook_server.cli.people import reset_link
from cuebook_server.services import epochs
from cuebook_server.store import files, holds
from cuebook_server.store.database import Database, open_database, sqlite_module
from tests.factories import Registry, open_registry

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


@pytest.fixture
def registry(sqlite_url: str) -> Iterator[Registry]:
    with open_registry(sqlite_url) as opened:
        opened.save("a", "one")
        yield opened


@pytest.fixture
def path(registry: Registry) -> Path:
    return files.file_of(registry.database.url)


def nothing(_: Database) -> None:
    """Changes nothing in what is put back."""


def texts(path: Path) -> list[str]:
    with closing(sqlite_module().connect(path)) as connection:
        return [body for (body,) in connection.execute("SELECT body FROM version ORDER BY number")]


def test_a_backup_is_one_file_of_its_owner_with_everything_in_it(registry: Registry, path: Path, tmp_path: Path) -> None:
    registry.save("a", "two")
    found = files.back_up(path, tmp_path / "b.db")
    assert sorted(p.name for p in tmp_path.glob("b.db*")) == ["b.db"]
    assert stat.S_IMODE((tmp_path / "b.db").stat().st_mode) == 0o600
    assert (found.bytes, found.epoch) == ((tmp_path / "b.db").stat().st_size, 1)
    assert found.chains["desk"] == len(registry.audit())
    assert texts(tmp_path / "b.db") == texts(path)


def test_a_backup_under_writers_holds_together(registry: Registry, path: Path, tmp_path: Path) -> None:
    def write() -> None:
        for number in range(40):
            registry.save("a", f"text {number}")

    writer = threading.Thread(target=write)
    writer.start()
    made = [files.back_up(path, tmp_path / f"b{number}.db") for number in range(5)]
    writer.join()
    for number, found in enumerate(made):
        assert files.put_back(tmp_path / f"b{number}.db", tmp_path / f"r{number}" / "x.db", NOW, nothing) is None
        assert found.chains["desk"] <= len(registry.audit())


@pytest.fixture(autouse=True)
def _folders(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"r{number}").mkdir()


def test_no_file_is_overwritten(path: Path, tmp_path: Path) -> None:
    (tmp_path / "b.db").write_text("mine")
    with pytest.raises(files.BackupExists):
        files.back_up(path, tmp_path / "b.db")
    assert (tmp_path / "b.db").read_text() == "mine"


def test_what_is_put_back_replaces_and_what_was_there_is_kept(registry: Registry, path: Path, tmp_path: Path) -> None:
    files.back_up(path, tmp_path / "b.db")
    registry.save("a", "two")
    after = texts(path)
    registry.database.close()
    kept = files.put_back(tmp_path / "b.db", path, NOW, nothing)
    assert kept == path.with_name("cuebook.db.replaced-20261121T100000.000000Z")
    assert (texts(kept), texts(path)) == (after, after[:1])
    assert not list(path.parent.glob("*.restoring*"))


def test_a_log_that_a_killed_server_left_is_not_played_into_the_new_file(path: Path, tmp_path: Path) -> None:
    files.back_up(path, tmp_path / "b.db")
    path.write_bytes(b"damaged")
    Path(f"{path}-wal").write_bytes(b"a log")
    kept = files.put_back(tmp_path / "b.db", path, NOW, nothing)
    assert kept is not None
    assert Path(f"{kept}-wal").read_bytes() == b"a log"
    assert len(texts(path)) == 1
    assert kept.read_bytes() == b"damaged"


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5_000])


def _foreign(path: Path) -> None:
    path.unlink()
    with closing(sqlite_module().connect(path)) as connection:
        connection.execute("CREATE TABLE x (y)")


def _rewritten(path: Path) -> None:
    with closing(sqlite_module().connect(path, isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER audit_entry_no_update")
        connection.execute("UPDATE audit_entry SET body = replace(body, '\"owner\"', '\"nobody\"')")


def _shortened(path: Path) -> None:
    with closing(sqlite_module().connect(path, isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER audit_entry_no_delete")
        connection.execute("DELETE FROM audit_entry WHERE seq = (SELECT max(seq) FROM audit_entry)")


@pytest.mark.parametrize("spoil", [_cut, _foreign, _rewritten, _shortened, Path.unlink])
def test_a_file_that_is_no_good_is_refused_and_nothing_changes(
    registry: Registry, path: Path, tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    files.back_up(path, tmp_path / "b.db")
    registry.database.close()
    spoil(tmp_path / "b.db")
    before = sorted(p.name for p in tmp_path.iterdir()), texts(path)
    with pytest.raises(files.BadBackup):
        files.put_back(tmp_path / "b.db", path, NOW, nothing)
    assert (sorted(p.name for p in tmp_path.iterdir()), texts(path)) == before


def test_guards_that_were_taken_out_of_a_backup_are_there_again(registry: Registry, path: Path, tmp_path: Path) -> None:
    files.back_up(path, tmp_path / "b.db")
    with closing(sqlite_module().connect(tmp_path / "b.db", isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER version_no_update")
    registry.database.close()
    files.put_back(tmp_path / "b.db", path, NOW, nothing)
    opened = open_database(registry.database.url)
    try:
        with pytest.raises(IntegrityError, match="history"), opened.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE version SET body = 'x'")
    finally:
        opened.close()


def test_a_restore_that_fails_on_the_way_leaves_the_database(registry: Registry, path: Path, tmp_path: Path) -> None:
    files.back_up(path, tmp_path / "b.db")

    def fail(_: Database) -> None:
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space"):
        files.put_back(tmp_path / "b.db", path, NOW, fail)
    assert not list(path.parent.glob("*.restoring*"))
    registry.save("a", "it goes on")


def test_the_epoch_of_a_file_is_read_as_far_as_it_can_be(registry: Registry, path: Path, tmp_path: Path) -> None:
    with registry.units.write() as uow:
        begun = epochs.begin(epochs.OPERATOR, uow, "why")
    assert files.epoch_of(path) == begun
    shutil.copy(os.devnull, tmp_path / "empty.db")
    assert files.epoch_of(tmp_path / "empty.db") == 0


def test_servers_share_a_file_and_a_restore_is_alone(tmp_path: Path) -> None:
    database = tmp_path / "cuebook.db"
    one, other = holds.share(database), holds.share(database)
    one.close()
    with pytest.raises(holds.DatabaseInUse), holds.alone(database):
        pass
    other.close()
    with holds.alone(database), pytest.raises(holds.DatabaseInUse):
        holds.share(database)
    holds.share(database).close()


@pytest.mark.fault("C-25")
def test_a_folder_has_one_server(tmp_path: Path) -> None:
    first = holds.serve_in(tmp_path)
    with pytest.raises(holds.FolderInUse):
        holds.serve_in(tmp_path)
    first.close()
    holds.serve_in(tmp_path).close()


def test_where_no_lock_can_be_made_nobody_writes(tmp_path: Path) -> None:
    holds.share(tmp_path / "none" / "cuebook.db").close()
    holds.share(None).close()


@pytest.mark.parametrize("command", [partial(reset_link, "author@example.org"), restored])
def test_a_folder_without_a_database_is_told_and_left_as_it_is(
    command: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(data=str(tmp_path)) == 1
    assert capsys.readouterr().err.startswith(f"cuebook: There is no {tmp_path}")
    assert list(tmp_path.glob("cuebook.db*")) == []
