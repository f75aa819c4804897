"""Test doubles: the clients' own reading and rendering, on prompts given as plain data. No network, no thread, no task.

::

    client = FakeClient({"support.triage": "Classify: {{ticket}}"})
    assert client.render("support.triage", ticket="help").text == "Classify: help"

For pytest, ``pytest_plugins = ["cuebook.pytest_plugin"]`` in ``conftest.py`` gives the fixture ``fake_cuebook``.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias
from urllib.parse import unquote

from cuebook._exchange import Answer, Request
from cuebook._held import Held
from cuebook.client import AsyncClient, Client
from cuebook.engine import Engine
from cuebook.errors import Unavailable

# A template text, or a version's content or served prompt (see `cuebook.wire`).
Given: TypeAlias = str | Mapping[str, Any]


class _Registry:
    """What a registry would answer for one environment; each change is one release."""

    def __init__(self, environment: str, aliases: Mapping[str, str], retired: Iterable[str]) -> None:
        self.environment, self.aliases, self.retired = environment, dict(aliases), list(retired)
        self.prompts: dict[str, dict[str, Any]] = {}
        self.revision = 0
        self.down = False

    def release(self, prompts: Mapping[str, Given]) -> None:
        self.prompts.update({name: self._served(name, given) for name, given in prompts.items()})
        self.revision += 1

    def answer(self, request: Request) -> Answer:
        if self.down:
            raise Unavailable("The fake registry is down.")
        if request.path == "/v1/snapshot":
            rest = {"aliases": self.aliases, "retired": self.retired, "prompts": list(self.prompts.values())}
            return self._json(200, {"environment": self.environment, "epoch": 1, "revision": self.revision, **rest})
        name = unquote(request.path.removeprefix("/v1/prompts/"))
        if name in self.prompts:
            return self._json(200, self.prompts[name])
        return self._json(404, {"code": "not_found", "detail": f"There is no prompt {name}."})

    def _served(self, name: str, given: Given) -> dict[str, Any]:
        content = {"kind": "text", "text": given} if isinstance(given, str) else dict(given)
        content.setdefault("kind", "chat" if "messages" in content else "text")
        digest = "sha256:" + hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
        version = self.prompts.get(name, {}).get("version", 0) + 1
        defaults: dict[str, Any] = {"engine": "simple", "variables": {}, "model": None, "tools": [], "response_format": None}
        stamp = {"version": version, "digest": digest, "released_at": "2000-01-01T00:00:00Z"}
        return {**defaults, **stamp, **content, "name": name, "environment": self.environment}

    def _json(self, status: int, body: Mapping[str, Any]) -> Answer:
        headers = {"content-type": "application/json", "cuebook-revision": str(self.revision)}
        return Answer(status, headers, json.dumps(body).encode())


class _Fake:
    """What both doubles add to the clients."""

    _held: Held

    def __init__(
        self,
        prompts: Mapping[str, Given] | None = None,
        *,
        environment: str = "test",
        aliases: Mapping[str, str] | None = None,
        retired: Iterable[str] = (),
    ) -> None:
        self._registry = _Registry(environment, aliases or {}, retired)
        self._forget()
        self.set(prompts or {})

    def set(self, prompts: Mapping[str, Given]) -> None:
        """Serve these too from now on, as one release would: the revision rises by one."""
        self._registry.release(prompts)
        self._ask()

    def lose(self) -> None:
        """Be a client that never reached its registry: a read gives its fallback, or raises `PromptUnavailable`."""
        self._registry.down = True
        self._forget()

    def _forget(self) -> None:
        self._held = Held(["http://fake.invalid"], Engine(environment=self._registry.environment, events=False))

    def _ask(self, min_revision: int | None = None) -> bool:
        engine = self._held.engine
        before = engine.snapshot
        engine.answered(self._registry.answer(engine.request(min_revision)), time.monotonic(), 0.0)
        self._held.publish()
        if engine.last is not None:
            raise engine.last
        return engine.snapshot.order != before.order


class FakeClient(_Fake, Client):
    """A `Client` on plain data: ``{name: template text, content or served prompt}``."""

    def refresh(self, *, min_revision: int | None = None) -> bool:
        return self._ask(min_revision)

    def wait_for_revision(self, revision: int, timeout_s: float = 10.0) -> bool:  # noqa: ARG002 - nothing else will come
        return self._held.engine.snapshot.revision >= revision

    def close(self) -> None:
        """Nothing is open."""

    def _wait(self, names: Sequence[str] = ()) -> None:  # nothing is on its way
        """Everything is there from the start."""

    def _send(self, request: Request) -> Answer:
        return self._registry.answer(request)


class FakeAsyncClient(_Fake, AsyncClient):
    """An `AsyncClient` on plain data, made like a `FakeClient`."""

    async def refresh(self, *, min_revision: int | None = None) -> bool:
        return self._ask(min_revision)

    async def wait_for_revision(self, revision: int, timeout_s: float = 10.0) -> bool:  # noqa: ARG002 - nothing else will come
        return self._held.engine.snapshot.revision >= revision

    async def close(self) -> None:
        """Nothing is open."""

    async def _wait(self, names: Sequence[str] = ()) -> None:  # nothing is on its way
        """Everything is there from the start."""

    async def _send(self, request: Request) -> Answer:
        return self._registry.answer(request)
