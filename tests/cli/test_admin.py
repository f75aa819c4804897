"""The admin client against a server that fails on purpose: one effect, whole lists, typed errors."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import pytest

from cuebook import _calls, errors
from cuebook.admin import AdminClient


@dataclass
class Script:
    """Answers to give in order (a number closes the connection instead), and the requests that came."""

    answers: list[tuple[int, Any] | None] = field(default_factory=list)
    requests: list[tuple[str, str, str | None, Any]] = field(default_factory=list)
    url: str = ""

    def then(self, status: int, body: Any) -> Self:
        self.answers.append((status, body))
        return self

    def hang_up(self) -> Self:
        self.answers.append(None)
        return self


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[Script]:
    monkeypatch.setattr(_calls, "FIRST_PAUSE_S", 0.001)
    told = Script()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            told.requests.append((self.command, self.path, self.headers.get("Idempotency-Key"), json.loads(body or b"null")))
            step = told.answers.pop(0)
            if step is None:
                self.close_connection = True
                return
            data = step[1] if isinstance(step[1], bytes) else json.dumps(step[1]).encode()
            self.send_response(step[0])
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = answer  # noqa: N815  http.server's names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  http.server's signature
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        told.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield told
        server.shutdown()
        thread.join()


@pytest.fixture
def client(script: Script) -> Iterator[AdminClient]:
    with AdminClient(script.url, "cue_svc_x", "p") as made:
        yield made


def test_a_write_is_repeated_with_its_idempotency_key(script: Script, client: AdminClient) -> None:
    script.then(503, {"code": "busy"}).hang_up().then(201, {"number": 1})
    assert client.save("a", {"kind": "text", "text": "ü"}, message="m")["number"] == 1
    assert [request[:2] for request in script.requests] == [("POST", "/api/projects/p/prompts/a/versions")] * 3
    [key] = {request[2] for request in script.requests}
    assert key


def test_two_writes_have_two_keys(script: Script, client: AdminClient) -> None:
    script.then(200, {}).then(200, {})
    client.revoke_key("a")
    client.revoke_key("a")
    assert len({request[2] for request in script.requests}) == 2


def test_it_gives_up_after_a_while(script: Script, client: AdminClient) -> None:
    for _ in range(4):
        script.then(503, {"code": "busy", "detail": "Busy."})
    with pytest.raises(errors.Unavailable, match="Busy"):
        client.me()


def test_what_is_refused_is_not_repeated(script: Script, client: AdminClient) -> None:
    script.then(409, {"code": "base_moved", "detail": "Moved.", "theirs": {"a": 1}})
    with pytest.raises(errors.BaseMoved) as refused:
        client.save("a", {})
    assert (len(script.requests), refused.value.data["theirs"]) == (1, {"a": 1})


def test_lists_are_walked_to_their_end(script: Script, client: AdminClient) -> None:
    script.then(200, {"items": [{"n": 1}, {"n": 2}], "next": "x y"}).then(200, {"items": [{"n": 3}], "next": None})
    assert [row["n"] for row in client.prompts(prefix="a.")] == [1, 2, 3]
    assert [request[1].split("?")[1] for request in script.requests] == [
        "limit=200&prefix=a.",
        "limit=200&prefix=a.&after=x+y",
    ]


def test_a_list_that_stands_still_is_no_endless_loop(script: Script, client: AdminClient) -> None:
    for _ in range(2):
        script.then(200, {"items": [1], "next": "1"})
    with pytest.raises(errors.BadAnswer):
        list(client.versions("a"))


def test_several_prompts_are_asked_for_at_once(script: Script, client: AdminClient) -> None:
    script.then(200, {"items": []})
    client.at("staging", datetime(2026, 1, 2, tzinfo=UTC), ["a", "b"])
    assert script.requests[0][1].endswith("/at?time=2026-01-02T00%3A00%3A00%2B00%3A00&prompt=a&prompt=b")


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"a": NaN}', b"\xff"])
def test_an_answer_that_is_none_is_said_to_be_bad(script: Script, client: AdminClient, body: bytes) -> None:
    script.then(200, body)
    with pytest.raises(errors.BadAnswer):
        client.me()


@pytest.mark.parametrize("name", ["..", "", "a/b", "A", "\udcff"])
def test_a_name_that_is_none_never_travels(script: Script, client: AdminClient, name: str) -> None:
    with pytest.raises(errors.Invalid):
        client.prompt(name)
    with pytest.raises(errors.Invalid):
        client.environment("..")
    assert script.requests == []


@pytest.mark.parametrize("message", ["\ud800", float("nan")])
def test_what_json_cannot_carry_is_refused(client: AdminClient, message: Any) -> None:
    with pytest.raises(errors.Invalid):
        client.save("a", {}, message=message)


def test_too_many_items_are_refused(client: AdminClient) -> None:
    with pytest.raises(errors.Invalid):
        client.import_items([{}] * 101)
