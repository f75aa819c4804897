"""`cuebook webhooks` and `cuebook notices` against a real server, which sends to an endpoint of the test's own."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook as Oracle

from tests.cli.conftest import Command
from tests.support.server import Server

SECONDS_MAX = 30
REACH = {"CUEBOOK_WEBHOOK_NETWORKS": "127.0.0.0/8"}


@dataclass
class Endpoint:
    """Takes messages, answering ``status``."""

    url: str = ""
    status: int = 204
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def wait(self, count: int) -> list[tuple[dict[str, str], bytes]]:
        deadline = time.monotonic() + SECONDS_MAX
        while len(self.came) < count and time.monotonic() < deadline:
            time.sleep(0.05)
        assert len(self.came) == count
        return self.came


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    taken = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.came.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(taken.status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        taken.url = f"http://127.0.0.1:{server.server_port}/hook"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield taken
        server.shutdown()
        thread.join()


@pytest.fixture
def sending(bare: Command, start_server: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command line of a server that may send to this machine."""
    server = start_server(environment=REACH)
    for name in ("CUEBOOK_URL", "CUEBOOK_PROJECT", "CUEBOOK_TOKEN"):
        monkeypatch.setenv(name, server.environment()[name])
    return bare


def save(cuebook: Command, text: str) -> None:
    document = {"kind": "text", "text": text}
    assert cuebook("save", "told", "-", stdin=json.dumps(document).encode()).code == 0


def log(cuebook: Command, hook: str) -> list[dict[str, Any]]:
    """The log, once nothing waits any more: an endpoint has a message a moment before that is written down."""
    deadline = time.monotonic() + SECONDS_MAX
    while True:
        found: list[dict[str, Any]] = cuebook("webhooks", "log", hook, "--json").json["items"]
        if time.monotonic() > deadline or all(row["state"] == "delivered" for row in found):
            return found


def test_a_webhook_lives_through_everything(sending: Command, endpoint: Endpoint) -> None:
    made = sending("webhooks", "add", endpoint.url, "--name", "chat", "--event", "release.applied", "--json").json
    hook, secret = made["id"], made["secret"]
    assert secret not in sending("webhooks", "list", "--json").text
    assert sending("webhooks", "test", hook).text.startswith("ping is delivered: 204 after ")

    save(sending, "one")
    assert sending("promote", "told@1", "--to", "staging", "-m", "the words of a reason").code == 0
    headers, body = endpoint.wait(2)[1]
    assert Oracle(secret).verify(body, headers)["data"]["prompts"] == [{"name": "told", "from": None, "to": 1}]
    assert b"words of a reason" not in body

    (last, ping) = log(sending, hook)
    assert [(row["type"], row["attempts"][0]["outcome"]) for row in (last, ping)] == [
        ("release.applied", "204"),
        ("ping", "204"),
    ]
    assert "release.applied" in sending("webhooks", "show", hook).text

    assert sending("webhooks", "replay", hook, str(last["seq"])).text == "The message is sent again.\n"
    assert endpoint.wait(3)[2][0]["webhook-id"] == headers["webhook-id"] == last["message"]

    fresh = sending("webhooks", "rotate", hook).text.strip()
    assert fresh.startswith("whsec_")
    count = sending("webhooks", "replay", hook, "--since", "1h ago", "--json").json["count"]
    headers, body = endpoint.wait(3 + count)[-1]
    assert Oracle(fresh).verify(body, headers) == Oracle(secret).verify(body, headers)

    assert "is told nothing" in sending("webhooks", "disable", hook).text
    assert "disabled: Disabled by" in sending("webhooks", "list").text
    assert sending("webhooks", "test", hook).code == 7
    assert sending("webhooks", "enable", hook).code == 0
    assert sending("webhooks", "remove", hook).code == 0
    assert sending("webhooks", "show", hook).code == 5


def test_an_endpoint_in_trouble_is_said_to_be(sending: Command, endpoint: Endpoint) -> None:
    endpoint.status = 500
    hook = sending("webhooks", "add", endpoint.url, "--json").json["id"]
    ran = sending("webhooks", "test", hook)
    assert (ran.code, ran.text.startswith("ping is waiting: 500 after ")) == (8, True)


@pytest.mark.parametrize("url", ["http://example.com/", "https://127.0.0.1/", "https://localhost@example.com/"])
def test_where_nobody_may_send_is_refused(cuebook: Command, url: str) -> None:
    assert cuebook("webhooks", "add", url).code == 7


def test_a_name_of_this_machine_is_refused_when_it_is_looked_up(cuebook: Command) -> None:
    hook = cuebook("webhooks", "add", "https://localhost:1/", "--json").json["id"]
    assert "address_refused" in cuebook("webhooks", "test", hook).text
    assert cuebook("webhooks", "remove", hook).code == 0


def test_a_service_has_no_notices(cuebook: Command) -> None:
    assert cuebook("notices").text == "Nothing new.\n"
    assert cuebook("status", "--json").json["unread_notices"] == 0
    assert "notices" not in cuebook("status").text
