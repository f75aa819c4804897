"""fleet and release --follow, with a real client of a real server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import cuebook as sdk
from cuebook.admin import AdminClient
from cuebook.cli import fleet
from tests.cli.conftest import Command
from tests.support.server import Server


def until(found: Callable[[], Any]) -> Any:
    """What is found, once there is something."""
    deadline = time.monotonic() + 30
    while not (got := found()):
        assert time.monotonic() < deadline, "nothing came"
        time.sleep(0.1)
    return got


@pytest.fixture
def place(cuebook: Command, name: str) -> str:
    """An environment of the test's own that serves version 1 of `name`."""
    place = f"fleet-{name.replace('.', '-')}"
    assert cuebook("env", "create", place).code == 0
    assert cuebook("save", name, "-", stdin=b"one").code == 0
    assert cuebook("promote", f"{name}@1", "--to", place, "-m", "first").code == 0
    return place


@pytest.fixture
def client(server: Server, cuebook: Command, place: str, name: str) -> Iterator[sdk.Client]:
    """An application that runs there, and has been heard of."""
    key = cuebook("keys", "create", place, "--name", "web", "--json").json["key"]
    with sdk.Client(server.url, key) as client:
        assert client.get(name).version == 1
        until(lambda: client.state.streaming and cuebook("fleet", place, "--json").json["items"])
        yield client


def test_a_running_client_is_listed(cuebook: Command, place: str, client: sdk.Client) -> None:
    shown = cuebook("fleet", place).text
    instance = client.state.instance
    assert f"{place} is at revision 1 since " in shown
    assert "1 of 1 running clients hold it" in shown
    assert [line.split()[:2] for line in shown.splitlines() if line.startswith(instance)] == [[instance, "web"]]


def test_the_doctors_own_clients_do_not_count(cuebook: Command, server: Server, place: str) -> None:
    key = cuebook("keys", "create", place, "--name", "web", "--json").json["key"]
    ran = cuebook("doctor", "--json", environment={"CUEBOOK_URL": server.url, "CUEBOOK_KEY": key, "CUEBOOK_DISK": "off"})
    assert [each["verdict"] for each in ran.json["findings"] if each["check"] == "run without"] == ["ok"]
    with sdk.Client(server.url, key) as client:  # heard of later than the doctor
        client.names()
        items = until(lambda: cuebook("fleet", place, "--json").json["items"])
        assert [each["instance"] for each in items] == [client.state.instance]


def test_a_release_is_followed_until_all_run_it(cuebook: Command, place: str, name: str, client: sdk.Client) -> None:
    cuebook("save", name, "-", stdin=b"two")
    release = cuebook("promote", f"{name}@2", "--to", place, "-m", "second", "--json").json
    ran = cuebook("release", str(release["id"]), "--follow", "--for", "60")
    assert (ran.code, client.get(name).version) == (0, 2)
    last = ran.text.splitlines()[-1]
    assert last.startswith("1 of 1 run revision 2: half of them after ")
    assert ", all after " in last


def rollout(running: int, state: str = "applied", **within: int | None) -> dict[str, Any]:
    waiting = [{"instance": "0a1b", "key": "web", "revision": None, "seen_at": "2026-11-21T15:00:00Z"}] * (2 - running)
    times = {"p50": None, "p99": None, "p100": None} | within
    progress = {"live": 2, "running": running, "within_ms": times, "waiting": waiting}
    told = {"release": 7, "environment": "production", "state": state, "revision": 9}
    return told | {"progress": progress if state == "applied" else None}


def test_what_is_missing_in_the_end_is_named(cuebook: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "FOLLOW_EVERY_S", 0.01)
    monkeypatch.setattr(AdminClient, "rollout", lambda *_: rollout(1, p50=12))
    ran = cuebook("release", "7", "--follow", "--for", "1")
    first, second = ran.text.splitlines()
    assert (ran.code, first) == (8, "1 of 2 run revision 9: half of them after 12 ms")
    assert second.startswith("  0a1b (web) holds nothing, heard of 2026-11-21 ")


def test_a_release_is_followed_from_before_it_is_applied(cuebook: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    told = iter([rollout(0, "proposed"), rollout(0, "proposed"), rollout(2, p50=1_500, p99=121_000, p100=180_000)])
    monkeypatch.setattr(fleet, "FOLLOW_EVERY_S", 0.01)
    monkeypatch.setattr(AdminClient, "rollout", lambda *_: next(told))
    ran = cuebook("release", "7", "--follow")
    assert ran.code == 0
    assert ran.text.splitlines() == [
        "Release 7 to production is proposed; nothing has arrived yet.",
        "2 of 2 run revision 9: half of them after 1.5 s, 99 % after 2 min, all after 3 min",
    ]


def test_a_release_that_was_declined_is_not_waited_for(cuebook: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AdminClient, "rollout", lambda *_: rollout(0, "declined"))
    assert cuebook("release", "7", "--follow").code == 8


def test_a_place_without_clients_says_so(cuebook: Command, place: str) -> None:
    assert cuebook("fleet", place).text.splitlines()[-1] == "No running client has been heard of lately."
    assert cuebook("fleet", "nowhere").code == 5


def test_watching_shows_it_again_until_somebody_ends_it(cuebook: Command, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses = iter([None, None])

    def pause(_: float) -> None:
        if next(pauses, "end") == "end":
            raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", pause)
    ran = cuebook("fleet", place, "--watch")
    assert (ran.code, ran.text.count(f"{place} is at revision 1")) == (130, 3)
