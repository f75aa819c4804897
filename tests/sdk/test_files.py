"""What serves while the registry is down: the disk copy and the bundle."""

from __future__ import annotations

import asyncio
import importlib.resources
import json
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cuebook
from cuebook import _files
from cuebook._exchange import Answer
from cuebook._files import Disk
from cuebook._record import KeyName, Record, read_record
from cuebook.delivery import read_snapshot
from tests.sdk.conftest import KEY
from tests.sdk.standin import StandIn, served, serving, whole
from tests.sdk.test_client import NOWHERE, until

NAME = KeyName.of(KEY)
HEADERS = {"content-type": "application/json", "etag": '"e"'}
PRODUCTION = KeyName("prd")


def answer(revision: int = 5, **members: Any) -> Answer:
    body = whole(revision, **members)
    return Answer(200, {**HEADERS, "cuebook-environment": body["environment"]}, json.dumps(body).encode())


def record(revision: int = 5, *, server: str = "", key: KeyName = PRODUCTION, age_s: float = 60, **members: Any) -> Record:
    told = answer(revision, **members)
    return Record.of(read_snapshot(told, 0.0), told, server=server, key=key, now=time.time() - age_s)


def bundle(folder: Path, revision: int = 5, **options: Any) -> Path:
    path = folder / "prompts.json"
    path.write_bytes(record(revision, **options).to_bytes())
    return path


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """The folder of the disk copies."""
    return tmp_path / "disk"


def synced(registry: StandIn, disk: Path, revision: int = 1) -> Path:
    """The file of a client that has synced and was closed."""
    registry.answer = serving(whole(revision))
    with cuebook.Client(registry.url, KEY, disk=disk, refresh_s=1000) as client:
        client.get("greeting")
        until(lambda: any(disk.glob("*.json")) and f'"revision": {revision},' in next(disk.glob("*.json")).read_text())
    return next(disk.glob("*.json"))


@pytest.mark.fault("C-17")
def test_what_was_synced_survives_a_restart_with_the_registry_down(registry: StandIn, disk: Path) -> None:
    path = synced(registry, disk)
    assert path.stat().st_mode & 0o777 == 0o600
    assert disk.stat().st_mode & 0o777 == 0o700
    assert "secret" not in path.read_text()
    registry.stop()
    with cuebook.Client(registry.url, KEY, disk=disk) as client:
        prompt = client.get("greeting")
        assert (prompt.version, prompt.source, client.state.phase) == (1, "disk", "stale")
        assert 0 <= prompt.age < 60
        assert prompt.render(who="you").receipt["source"] == "disk"


def test_the_registry_confirms_what_the_disk_holds(registry: StandIn, disk: Path) -> None:
    path = synced(registry, disk)
    os.utime(path, (0, 0))
    with cuebook.Client(registry.url, KEY, disk=disk) as client:
        client.get("greeting")
        until(lambda: client.state.phase == "ready")
        assert client.get("greeting").source == "network"
        assert registry.asked[-1].headers["if-none-match"] == '"1-1"'
        until(lambda: path.stat().st_mtime > 0)


@pytest.mark.parametrize("way", ["threads", "asyncio"])
def test_what_the_disk_copy_lacks_is_waited_for(registry: StandIn, disk: Path, way: str) -> None:
    """A new prompt and the code that reads it were deployed together: the copy of yesterday answered "not released here"."""
    synced(registry, disk)
    registry.answer = serving(whole(2, served("greeting", version=2), served("farewell")))
    if way == "threads":
        with cuebook.Client(registry.url, KEY, disk=disk) as client:
            assert client.get("farewell").source == "network"
        return

    async def read() -> str:
        async with cuebook.AsyncClient(registry.url, KEY, disk=disk) as client:
            return (await client.get_many(["greeting", "farewell"]))["farewell"].source

    assert asyncio.run(read()) == "network"


@pytest.mark.fault("C-17")
@pytest.mark.parametrize("newer", ["disk", "bundle"])
def test_the_newer_of_both_serves(tmp_path: Path, disk: Path, newer: str) -> None:
    Disk(disk, True, server=NOWHERE, key=NAME, environment=None).save(read_snapshot(answer(5), 0.0), answer(5))
    made = bundle(tmp_path, 6 if newer == "bundle" else 4)
    with cuebook.Client(NOWHERE, KEY, disk=disk, bundle=made) as client:
        assert client.get("greeting").source == newer


def test_a_bundle_may_be_package_data_or_a_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "shipped"
    package.mkdir()
    (package / "__init__.py").touch()
    made = bundle(package)
    monkeypatch.syspath_prepend(tmp_path)
    with cuebook.Client(NOWHERE, KEY, bundle=importlib.resources.files("shipped") / "prompts.json") as client:
        assert client.get("greeting").source == "bundle"
        assert 50 < client.get("greeting").age < 90
    monkeypatch.setenv("CUEBOOK_BUNDLE", str(made))
    with cuebook.Client(NOWHERE, KEY) as client:
        assert (client.environment, client.revision) == ("production", 5)


SPOILT = {
    "cut": lambda data: data[:-20],
    "changed": lambda data: data.replace(b"Hello", b"Hullo"),
    "a later format": lambda data: data.replace(b"snapshot/1", b"snapshot/2"),
    "empty": lambda data: b"",
    "no record": lambda data: b"[]",
    "a number as text": lambda data: data.replace(b'"revision": 5', b'"revision": "5"'),
    "a head that differs": lambda data: record(6).to_bytes().replace(b'\\"revision\\": 6', b'\\"revision\\": 7'),
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_a_spoilt_file_is_ignored_and_said_once(
    tmp_path: Path, disk: Path, caplog: pytest.LogCaptureFixture, spoil: Any
) -> None:
    made = bundle(tmp_path)
    made.write_bytes(spoil(made.read_bytes()))
    copy = Disk(disk, True, server=NOWHERE, key=NAME, environment=None)
    copy.save(read_snapshot(answer(5), 0.0), answer(5))
    copy.path.write_bytes(spoil(copy.path.read_bytes()))
    tried = r"Disk: .* is not used .*Bundle: .* is not used .*Network: "
    client = cuebook.Client(NOWHERE, KEY, disk=disk, bundle=made, timeout_s=0.05)
    with client, pytest.raises(cuebook.PromptUnavailable, match=tried):
        client.get("greeting")
    assert [r.levelno for r in caplog.records if "is not used" in r.message] == [logging.WARNING, logging.ERROR]


FOREIGN = {
    "a bundle for keys of staging": {"key": KeyName("stg")},
    "of an environment that is not asserted": {"environment": "canary"},
}


@pytest.mark.parametrize("foreign", FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_bundle_is_ignored(tmp_path: Path, foreign: Any) -> None:
    made = bundle(tmp_path, **foreign)
    with cuebook.Client(NOWHERE, KEY, bundle=made, environment="production", timeout_s=0.05) as client:
        assert client.get("greeting", fallback="text").source == "fallback"


def test_another_key_server_or_assertion_has_another_file(disk: Path) -> None:
    def path(server: str = "http://a", key: str = KEY, environment: str | None = None) -> Path:
        return Disk(disk, True, server=server, key=KeyName.of(key), environment=environment).path

    others = [path("http://b"), path(key=KEY.replace("selector", "other")), path(environment="production")]
    assert len({path(), *others}) == 4
    others[0].parent.mkdir()
    Disk(disk, True, server="http://b", key=NAME, environment=None).save(read_snapshot(answer(5), 0.0), answer(5))
    others[0].rename(path())  # a file that was moved is found out too
    with pytest.raises(cuebook.BadAnswer, match="another server"):
        Disk(disk, True, server="http://a", key=NAME, environment=None).load(0.0, time.time())


def test_a_file_is_only_replaced_by_something_newer(disk: Path) -> None:
    copy = Disk(disk, True, server="http://a", key=NAME, environment=None)
    for revision in (5, 4, 6, 5):
        copy.save(read_snapshot(answer(revision), 0.0), answer(revision))
    assert read_record(copy.path.read_bytes()).order == (1, 6)
    assert sorted(path.suffix for path in disk.iterdir()) == [".json", ".lock"]


def test_what_is_too_large_is_not_kept(disk: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(_files, "DISK_BYTES_MAX", 100)
    copy = Disk(disk, True, server="http://a", key=NAME, environment=None)
    for _ in range(3):
        copy.save(read_snapshot(answer(), 0.0), answer())
    assert not copy.path.exists()
    assert len([r for r in caplog.records if r.levelno == logging.WARNING]) == 1


@pytest.mark.parametrize("named", [True, False])
def test_where_nothing_can_be_written_the_application_goes_on(
    registry: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, named: bool
) -> None:
    (tmp_path / "cuebook").write_text("a file in the folder's place")
    monkeypatch.setenv("CUEBOOK_DISK", "")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    caplog.set_level(logging.INFO)
    with cuebook.Client(registry.url, KEY, disk=named or None, refresh_s=1000) as client:
        assert client.get("greeting").version == 1
        until(lambda: any("goes on without it" in r.message for r in caplog.records))
    levels = {r.levelno for r in caplog.records if "goes on without it" in r.message}
    assert levels == {logging.WARNING if named else logging.INFO}


def test_where_disk_copies_lie(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("CUEBOOK_DISK", "off")
    assert _files.disk_folder(None) is None
    assert _files.disk_folder(True) == (tmp_path / "cuebook", True)
    assert _files.disk_folder("/x") == (Path("/x"), True)
    monkeypatch.setenv("CUEBOOK_DISK", "/y")
    assert _files.disk_folder(None) == (Path("/y"), True)
    assert _files.disk_folder(False) is None
    monkeypatch.delenv("CUEBOOK_DISK")
    assert _files.disk_folder(None) == (tmp_path / "cuebook", False)
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.delenv("HOME")
    assert _files.disk_folder(None) is None
    with pytest.raises(cuebook.Misconfigured):
        _files.disk_folder(True)


def test_a_link_in_the_files_place_is_not_followed(disk: Path, tmp_path: Path) -> None:
    copy = Disk(disk, True, server="http://a", key=NAME, environment=None)
    copy.save(read_snapshot(answer(), 0.0), answer())
    copy.path.rename(tmp_path / "elsewhere")
    copy.path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        copy.load(0.0, time.time())


WRITER = """
import json, sys
from pathlib import Path
from cuebook._files import Disk
from tests.sdk.test_files import NAME, answer
from cuebook.delivery import read_snapshot
disk = Disk(Path(sys.argv[1]), True, server="http://a", key=NAME, environment=None)
print("ready", flush=True)
for revision in range(int(sys.argv[2]), 100_000, 2):
    told = answer(revision)
    disk.save(read_snapshot(told, 0.0), told)
"""


def test_two_writers_that_are_killed_leave_a_whole_and_growing_file(disk: Path) -> None:
    copy, seen = Disk(disk, True, server="http://a", key=NAME, environment=None), [0]
    for round_ in range(2):
        start = seen[-1] + 1
        command = [sys.executable, "-c", WRITER, str(disk)]
        writers = [subprocess.Popen([*command, str(start + n)], stdout=subprocess.PIPE) for n in (0, 1)]
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
        deadline = time.monotonic() + 0.3 + 0.2 * round_
        while time.monotonic() < deadline or seen[-1] < start:
            if copy.path.exists():
                seen.append(copy.load(0.0, time.time()).revision)  # raises where it is not whole
        for writer in writers:
            writer.send_signal(signal.SIGKILL)
            writer.communicate(timeout=10)
        seen.append(copy.load(0.0, time.time()).revision)
    assert seen == sorted(seen)


@given(st.integers(0, 10_000), st.integers(0, 255))
def test_a_changed_byte_is_found_or_changes_nothing(place: int, byte: int) -> None:
    good = record(5).to_bytes()
    spoilt = bytearray(good)
    spoilt[place % len(good)] = byte
    try:
        found = read_record(bytes(spoilt))
    except cuebook.BadAnswer:
        return
    assert found == read_record(good)
