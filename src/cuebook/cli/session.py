"""What a command works with: its settings, and the clients it opens on demand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import typer

from cuebook import wire
from cuebook._names import checked_name
from cuebook._transport import Answer, Request, Transport, base_url
from cuebook.admin import AdminClient, Json
from cuebook.cli.config import Choice, Settings, load
from cuebook.delivery import NOTHING, snapshot_request
from cuebook.errors import BadAnswer, Misconfigured

HOW = (
    "Sign in with `cuebook login`, set CUEBOOK_URL and CUEBOOK_TOKEN, name a --profile, or give --first-run DIR/first-run.json."
)


class Session:
    """One run of a command."""

    def __init__(self, choice: Choice) -> None:
        self._choice = choice
        self._opened: list[AdminClient | Delivery] = []

    @cached_property
    def settings(self) -> Settings:
        """Where to and as whom; read when first needed, so that `serve` and `--help` need no settings."""
        return load(self._choice)

    @cached_property
    def admin(self) -> AdminClient:
        """The management API of the project."""
        settings = self.settings
        if not settings.url or not settings.token:
            raise Misconfigured(f"The {'token' if settings.url else 'server'} is not known.", hint=HOW)
        client = AdminClient(settings.url, settings.token, settings.project)
        self._opened.append(client)
        if not client.project:
            client.project = _only_project(client)
        return client

    @cached_property
    def delivery(self) -> Delivery | None:
        """Delivery, when there is a key and no token: then `get` and `render` see what an application sees."""
        return None if self.settings.token or not self.settings.key else self.with_key

    @cached_property
    def with_key(self) -> Delivery:
        """Delivery, whatever else is known."""
        settings = self.settings
        if not settings.url:
            raise Misconfigured("The server is not known.", hint=HOW)
        if not settings.key:
            raise Misconfigured("The delivery key is not known.", hint="Set CUEBOOK_KEY; `cuebook keys create` makes one.")
        client = Delivery(settings.url, settings.key)
        self._opened.append(client)
        return client

    def close(self) -> None:
        """Give the connections back."""
        for client in self._opened:
            client.close()


class Delivery:
    """The delivery calls the command line makes; applications use `cuebook.Client`."""

    def __init__(self, url: str, key: str) -> None:
        self._transport = Transport(base_url(url), key, timeout_s=30.0)

    def get(self, name: str, version: str | None) -> Json:
        """One prompt as the key's environment serves it."""
        return self._send(Request("GET", self._path(name), params={"version": version} if version else {}))

    def render(self, name: str, variables: Mapping[str, Any], version: str | None) -> Json:
        """One prompt rendered."""
        body = {"variables": variables} | ({"version": version} if version else {})
        return self._send(Request("POST", self._path(name) + "/render", body=json.dumps(body).encode()))

    def snapshot(self, environment: str | None) -> Answer:
        """Everything the key's environment serves, as it was answered."""
        return self._transport.send(snapshot_request(NOTHING, environment=environment))

    def close(self) -> None:
        """Give the connections back."""
        self._transport.close()

    @staticmethod
    def _path(name: str) -> str:
        return f"/v1/prompts/{checked_name(name)}"

    def _send(self, request: Request) -> Json:
        answer = self._transport.send(request)
        if answer.status != 200:
            raise answer.error()
        try:
            value: Json = wire.loads(answer.body)
        except wire.WireError as error:
            raise BadAnswer(f"The answer cannot be read: {error}.") from error
        return value


def session(ctx: typer.Context) -> Session:
    """The session of a command."""
    found = ctx.find_object(Session)
    assert found is not None
    return found


def _only_project(client: AdminClient) -> str:
    names = [project["name"] for project in client.projects()]
    if len(names) != 1:
        raise Misconfigured("The project is not known.", hint=f"Set CUEBOOK_PROJECT to one of: {', '.join(names) or '(none)'}.")
    return str(names[0])
