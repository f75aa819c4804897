"""doctor: what it finds on machines that are well, and on those that are not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import cuebook
from tests.cli.conftest import Command, Ran
from tests.sdk.standin import Asked, Reply, StandIn, Streams, serving, whole
from tests.sdk.test_streaming import event
from tests.support import web
from tests.support.server import Server

NOWHERE = "http://127.0.0.1:9"
Doctor = Callable[..., Ran]


@pytest.fixture
def doctor(bare: Command, server: Server, tmp_path: Path) -> Doctor:
    """Runs it with the shared server's production key, and with a folder for the disk copy."""

    def run(*arguments: str, url: str = server.url, key: str = server.keys["production"]) -> Ran:
        settings = {"CUEBOOK_URL": url, "CUEBOOK_KEY": key, "CUEBOOK_DISK": str(tmp_path / "disk")}
        return bare("doctor", *arguments, environment=settings)

    return run


@pytest.fixture
def bundle(bare: Command, server: Server, tmp_path: Path) -> str:
    path = str(tmp_path / "prompts.json")
    settings = {"CUEBOOK_URL": server.url, "CUEBOOK_KEY": server.keys["production"]}
    assert bare("freeze", "-o", path, environment=settings).code == 0
    return path


@pytest.fixture
def other(server: Server, tmp_path: Path) -> str:
    path = tmp_path / "other"
    path.write_text(server.keys["staging"] + "\n")
    return str(path)


def found(ran: Ran, check: str) -> dict[str, Any]:
    (one,) = (each for each in ran.json["findings"] if each["check"] == check)
    return dict(one)


def test_a_machine_with_a_bundle_is_well(doctor: Doctor, bundle: str) -> None:
    ran = doctor("--bundle", bundle, "--json")
    assert (ran.code, ran.json["well"]) == (0, True)
    for check in ("registry", "clock", "key", "bundle", "run without"):
        assert found(ran, check)["verdict"] == "ok", check
    start = found(ran, "start without")
    assert (start["source"], start["environment"], start["verdict"]) == ("bundle", "production", "ok")


def test_nothing_to_start_from_is_to_be_mended(doctor: Doctor) -> None:
    ran = doctor()
    assert ran.code == 1
    (line,) = (line for line in ran.text.splitlines() if line.startswith("start without"))
    assert "has no prompts" in line
    assert "cuebook freeze" in line


def test_the_disk_copy_is_read_and_left_alone(doctor: Doctor, server: Server, tmp_path: Path) -> None:
    with cuebook.Client(server.url, server.keys["production"], disk=tmp_path / "disk") as client:
        client.names()
        client.refresh()
    before = {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in (tmp_path / "disk").iterdir()}
    ran = doctor("--json")
    assert ran.code == 0
    assert (found(ran, "disk copy")["verdict"], found(ran, "start without")["source"]) == ("ok", "disk")
    assert {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in (tmp_path / "disk").iterdir()} == before


def test_a_registry_that_is_off_already(doctor: Doctor, bundle: str) -> None:
    ran = doctor("--bundle", bundle, "--json", url=NOWHERE)
    assert ran.code == 1
    assert (found(ran, "registry")["code"], found(ran, "start without")["source"]) == ("unavailable", "bundle")
    assert found(ran, "run without")["verdict"] == "note"


def test_a_wrong_key(doctor: Doctor, server: Server) -> None:
    ran = doctor("--json", key=server.keys["production"][:-4] + "zzzz")
    assert (ran.code, found(ran, "registry")["verdict"]) == (1, "bad")


def test_a_bundle_of_another_environment(doctor: Doctor, server: Server, bundle: str) -> None:
    ran = doctor("--bundle", bundle, "--json", key=server.keys["staging"])
    assert (ran.code, found(ran, "bundle")["verdict"]) == (1, "bad")


@pytest.mark.fault("C-13")
def test_a_clock_that_is_wrong(doctor: Doctor, bundle: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 3600)
    ran = doctor("--bundle", bundle, "--json")
    assert (ran.code, found(ran, "clock")["verdict"]) == (0, "note")
    assert found(ran, "clock")["skew_s"] == pytest.approx(3600, abs=10)


def test_the_event_stream(doctor: Doctor) -> None:
    with StandIn(serving(whole(1))).running() as standin:
        assert found(doctor("--json", url=standin.url), "events")["status"] == 404
        standin.streams = Streams()
        standin.streams.greeting = event("hello", 1, heartbeat_s=15).encode()
        assert found(doctor("--json", url=standin.url), "events")["verdict"] == "ok"


@pytest.fixture
def careless(server: Server) -> Iterator[str]:
    """A cache that goes by the address alone, as one that is told to ignore `Cache-Control` and `Vary`."""
    kept: dict[str, Reply] = {}

    def answer(asked: Asked) -> Reply:
        if asked.path not in kept:
            got = web.get(server.url + asked.path, headers={"Authorization": asked.headers["authorization"]})
            kept[asked.path] = Reply(got.status_code, {k: v for k, v in got.headers.items() if k in _KEPT}, got.content)
        return kept[asked.path]

    with StandIn(answer).running() as standin:
        yield standin.url


_KEPT = {"content-type", "etag", "cuebook-environment", "cuebook-revision", "cuebook-as-of"}


def test_a_front_that_keeps_keys_apart(doctor: Doctor, server: Server, bundle: str, other: str) -> None:
    ran = doctor("--bundle", bundle, "--front", server.url, "--other-key-file", other, "--json")
    got = [each["got"] for each in ran.json["findings"] if each["check"] == "front"]
    assert (ran.code, got) == (0, ["production", "staging", "401", "unchanged", "staging", "401"])


def test_a_front_that_mixes_keys(doctor: Doctor, bundle: str, careless: str, other: str) -> None:
    ran = doctor("--bundle", bundle, "--front", careless, "--other-key-file", other, "--json")
    fronts = [each for each in ran.json["findings"] if each["check"] == "front"]
    assert ran.code == 1
    assert {each["key"]: each["verdict"] for each in fronts} == {"this key": "ok", "the other key": "bad", "a wrong key": "bad"}


def test_a_front_needs_two_environments(doctor: Doctor, server: Server, bundle: str, tmp_path: Path) -> None:
    (tmp_path / "same").write_text(server.keys["production"])
    ran = doctor("--bundle", bundle, "--front", server.url, "--other-key-file", str(tmp_path / "same"))
    assert ran.code == 1
    assert "two keys of different environments" in ran.text
    assert doctor("--front", server.url).code == 2


def test_no_secret_is_shown(doctor: Doctor, server: Server, bundle: str, other: str) -> None:
    ran = doctor("--bundle", bundle, "--front", server.url, "--other-key-file", other)
    assert not any(key.split("_")[3] in ran.text + ran.err for key in server.keys.values())


def test_without_a_key_it_says_what_is_missing(bare: Command, server: Server) -> None:
    ran = bare("doctor", environment={"CUEBOOK_URL": server.url, "CUEBOOK_TOKEN": "x"})
    assert ran.code == 3
    assert "CUEBOOK_KEY" in ran.err
