"""A caller of the delivery application without a socket: one request in, one answer out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from cuebook_server.delivery.answer import Message
from cuebook_server.delivery.app import Delivery
from cuebook_server.delivery.board import Board
from cuebook_server.delivery.pinned import Pinned
from cuebook_server.domain.environment import Kind
from cuebook_server.services.ports import EnvironmentKey
from tests.delivery.memory import MemorySource, text


@dataclass(frozen=True)
class Answer:
    """A complete answer. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def code(self) -> str:
        return str(self.json["code"])


@dataclass
class Node:
    """A node over a source in memory."""

    source: MemorySource
    board: Board
    pinned: Pinned
    app: Delivery

    def get(self, path: str, key: str | None, method: str = "GET", **headers: str) -> Answer:
        lines = [(name.replace("_", "-").lower(), value) for name, value in headers.items()]
        return self.ask(path, [("authorization", f"Bearer {key}")] * bool(key) + lines, method)

    def post(self, path: str, key: str, body: bytes) -> Answer:
        return self.ask(path, [("authorization", f"Bearer {key}")], "POST", [body])

    def ask(
        self,
        path: str,
        headers: Iterable[tuple[str, str]],
        method: str = "GET",
        body: Iterable[bytes] = (b"",),
        address: str = "127.0.0.1",
    ) -> Answer:
        return asyncio.run(self._ask(path, list(headers), method, list(body), address))

    async def _ask(self, path: str, headers: list[tuple[str, str]], method: str, body: list[bytes], address: str) -> Answer:
        raw, _, query = path.encode("latin-1").partition(b"?")
        scope = {
            "type": "http",
            "method": method,
            "path": raw.decode("latin-1"),
            "raw_path": raw,
            "query_string": query,
            "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers],
            "client": (address, 1234),
        }
        parts = [{"type": "http.request", "body": part, "more_body": n < len(body)} for n, part in enumerate(body, 1)]
        sent: list[Message] = []

        async def receive() -> Message:
            return parts.pop(0) if parts else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        given = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        assert len(given) == len(sent[0]["headers"]), "a header stands twice"
        return Answer(sent[0]["status"], given, b"".join(message["body"] for message in sent[1:]))


def make_node(source: MemorySource, **pinned: Any) -> Node:
    memory = Pinned(source, **pinned)
    board = Board(source, retain=memory.retain)
    board.refresh_now()
    return Node(source, board, memory, Delivery(board, memory))


@dataclass
class Shop:
    """A project with three environments, a key for each, and a prompt that is at 3, 2 and 1."""

    node: Node
    environments: Mapping[str, EnvironmentKey]
    keys: Mapping[str, str]

    @property
    def source(self) -> MemorySource:
        return self.node.source

    @property
    def prd(self) -> str:
        """The key of production."""
        return self.keys["production"]

    def get(self, path: str, environment: str = "production", **headers: str) -> Answer:
        return self.node.get(path, self.keys[environment], **headers)

    def release(self, environment: str, name: str, number: int | None) -> None:
        """Release as the management side does: commit, then tell the node."""
        self.source.release(self.environments[environment], name, number)
        assert self.node.board.refresh_now()

    def set_policy(self, environment: str, **rules: Any) -> None:
        key = self.environments[environment]
        self.source.set_policy(key, self.source.held[key].environment.policy.changed(rules))
        assert self.node.board.refresh_now()


TRIAGE = "support.triage"
CONTRACT = {"customer": {"type": "string", "required": True}}


def make_shop() -> Shop:
    source = MemorySource()
    plans: list[tuple[str, Kind]] = [("development", "dev"), ("staging", "stg"), ("production", "prd")]
    environments = {name: source.add_environment(name, kind, tracks=kind == "dev") for name, kind in plans}
    for number in (1, 2, 3):
        source.save(TRIAGE, text(f"Version {number} for {{{{customer}}}}", variables=CONTRACT))
    source.save("draft.only", text("Not ready"))
    source.release(environments["staging"], TRIAGE, 1)
    source.release(environments["staging"], TRIAGE, 2)
    source.release(environments["production"], TRIAGE, 1)
    keys = {name: source.add_key(environments[name], kind) for name, kind in plans}
    return Shop(make_node(source), environments, keys)
