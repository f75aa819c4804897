"""A real server is killed again and again under people who write and repeat what was not answered: nothing is lost."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx2

from cuebook.audit import verify
from cuebook_server.store.database import open_database
from tests.model.checks import Rows, everything
from tests.model.racing import VERSIONS, at_once
from tests.support.server import Server, start_server

WRITERS = 4
ANSWER_SECONDS_MAX = 120
REQUEST_SECONDS_MAX = 30


@dataclass
class Writer:
    """Saves and promotes, one after the other, each until it is acknowledged; remembers what was."""

    server: Server
    name: str
    saved: dict[str, int] = field(default_factory=dict)
    released: list[int] = field(default_factory=list)
    repeated: int = 0

    def work(self, stop: threading.Event) -> None:
        with httpx2.Client(timeout=REQUEST_SECONDS_MAX, headers={"Authorization": f"Bearer {self.server.token}"}) as client:
            for count in range(1_000_000):
                if stop.is_set():
                    return
                text = f"{self.name} {count}"
                content = {"content": {"kind": "text", "text": text}}
                self.saved[text] = self.send(client, f"/prompts/{self.name}/versions", content, text)["number"]
                wanted = {"environment": "staging", "items": [{"prompt": self.name, "version": self.saved[text]}]}
                self.released.append(self.send(client, "/releases", wanted, f"{text} released")["id"])

    def send(self, client: httpx2.Client, path: str, body: Mapping[str, Any], key: str) -> Any:
        """The same request until it is answered, whatever becomes of the server meanwhile."""
        url, deadline = f"{self.server.url}/api/projects/{self.server.project}{path}", time.monotonic() + ANSWER_SECONDS_MAX
        while time.monotonic() < deadline:
            try:
                answer = client.post(url, json=body, headers={"Idempotency-Key": key})
            except httpx2.HTTPError:
                self.repeated += 1
                time.sleep(0.05)
                continue
            if answer.status_code < 500:
                assert answer.is_success, answer.text
                return answer.json()
            self.repeated += 1
        raise AssertionError(f"{key} was never answered")


def kill_often(data: Path, seconds: float, chance: random.Random) -> dict[str, int]:
    """Kill a server under writers until the time is over; how often, and how much was acknowledged. AssertionError: a loss."""
    server = start_server(data)
    port, kills, stop = int(server.url.rpartition(":")[2]), 0, threading.Event()
    writers = [Writer(server, f"w{number}") for number in range(WRITERS)]
    threads = [threading.Thread(target=writer.work, args=(stop,)) for writer in writers]
    for thread in threads:
        thread.start()
    deadline, running = time.monotonic() + seconds, server
    while time.monotonic() < deadline:
        _until_more(writers, deadline)  # a server that comes up slowly is not killed before it has answered anybody
        time.sleep(chance.uniform(0, 1))
        running.process.kill()
        running.process.wait()
        running, kills = start_server(data, port=port), kills + 1
    stop.set()
    for thread in threads:
        thread.join(ANSWER_SECONDS_MAX)
        assert not thread.is_alive()
    running.stop()
    nothing_lost(data / "cuebook.db", server.project, writers)
    return {
        "kills": kills,
        "acknowledged": sum(len(writer.saved) + len(writer.released) for writer in writers),
        "repeated": sum(writer.repeated for writer in writers),
    }


def _until_more(writers: list[Writer], deadline: float) -> None:
    before = sum(len(writer.saved) for writer in writers)
    while sum(len(writer.saved) for writer in writers) == before and time.monotonic() < deadline:
        time.sleep(0.02)


def nothing_lost(file: Path, project: str, writers: list[Writer]) -> None:
    """Every acknowledged version and release is there once, nothing else is, and each has its entry (C-01, B-19, B-28)."""
    database = open_database(f"sqlite:///{file}")
    tables = everything(database)
    database.close()
    number = next(row["project_id"] for row in tables["project"] if row["name"] == project)
    names = {row["prompt_id"]: row["name"] for row in tables["prompt"] if row["project_id"] == number}
    mine = {writer.name for writer in writers}
    versions = [row for row in tables["version"] if row["project_id"] == number and names[row["prompt_id"]] in mine]
    assert Counter((names[row["prompt_id"]], json.loads(row["body"])["text"], row["number"]) for row in versions) == Counter(
        (writer.name, text, version) for writer in writers for text, version in writer.saved.items()
    )
    entries = [json.loads(row["body"]) for row in tables["audit_entry"] if row["project_id"] == number]
    assert verify(entries).intact
    _told_once(entries, "version.saved", [f"{names[row['prompt_id']]}@{row['number']}" for row in versions], mine)
    applied = {row["release_id"] for row in tables["release"] if row["project_id"] == number and row["state"] == "applied"}
    released = [release for writer in writers for release in writer.released]
    assert len(released) == len(set(released))
    assert set(released) <= applied
    told = Counter(entry["target"] for entry in entries if entry["action"] == "release.promote")
    assert told == Counter(f"release {release}" for release in applied)


def _told_once(entries: Rows, action: str, expected: list[str], mine: set[str]) -> None:
    told = [
        f"{entry['target']}@{entry['after']['version']}"
        for entry in entries
        if entry["action"] == action and entry["target"] in mine
    ]
    assert Counter(told) == Counter(expected)


# --- compare-and-set over HTTP -------------------------------------------------------------------------------------------
def race_over_http(data: Path, promoters: int, times: int) -> dict[str, int]:
    """The race of ``tests.model.racing`` against a real server."""
    server = start_server(data)
    base, headers = f"{server.url}/api/projects/{server.project}", {"Authorization": f"Bearer {server.token}"}
    try:
        with httpx2.Client(timeout=REQUEST_SECONDS_MAX, headers=headers) as client:
            for number in range(VERSIONS):
                saved = client.post(f"{base}/prompts/raced/versions", json={"content": {"kind": "text", "text": f"{number}"}})
                assert saved.status_code == 201, saved.text
            first = {"environment": "staging", "items": [{"prompt": "raced", "version": 1}]}
            began = client.post(f"{base}/releases", json=first).json()["revision"]
            tallies = at_once(*(partial(_promote_often, base, headers, times) for _ in range(promoters)))
            ended = client.get(f"{base}/environments/staging").json()["revision"]
    finally:
        server.stop()
    acked = sorted(revision for tally in tallies for revision in tally[0])
    assert acked == list(range(began + 1, ended + 1)), "each acknowledged release raised the revision by one"
    lost = sum(tally[1] for tally in tallies)
    assert len(acked) + lost == promoters * times
    return {"acknowledged": len(acked), "lost": lost}


def _promote_often(base: str, headers: Mapping[str, str], times: int) -> tuple[list[int], int]:
    acked, lost = list[int](), 0
    with httpx2.Client(timeout=REQUEST_SECONDS_MAX, headers=dict(headers)) as client:
        for _ in range(times):
            seen = client.get(f"{base}/environments/staging").json()["revision"]
            live = client.get(f"{base}/prompts/raced/versions/staging").json()["number"]
            item = {"prompt": "raced", "version": live % VERSIONS + 1, "replaces": live}
            answer = client.post(f"{base}/releases", json={"environment": "staging", "items": [item]})
            if answer.status_code == 201:
                acked.append(answer.json()["revision"])
                continue
            assert answer.status_code == 409, answer.text
            assert answer.json()["revision"] > seen, "the loser hears the winner's revision"
            lost += 1
    return acked, lost
