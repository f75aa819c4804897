"""The application that every process model runs: one client, made where the model imports it, and one prompt that it reads."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import cuebook

NAME = "models.greeting"
# A refresh by polling within this, where no events come.
REFRESH_S = 0.5
# While one worker is busy for so long, the next request goes to another.
BUSY_S = 0.02
Wsgi = Callable[[dict[str, Any], Callable[[str, list[tuple[str, str]]], object]], Iterable[bytes]]
Asgi = Callable[[dict[str, Any], object, Callable[[dict[str, Any]], Awaitable[None]]], Awaitable[None]]


@cache
def client() -> cuebook.Client:
    """The process's client, by CUEBOOK_URL and CUEBOOK_KEY. In the child of a fork: the parent's, if that had read with it."""
    return cuebook.Client(refresh_s=REFRESH_S, wait=10, on_change=note)


def note(state: cuebook.State) -> None:
    """Write down which revision this process heard of: the only way to look into a parent that serves nobody."""
    if folder := os.environ.get("MODELS_NOTES"):
        beside = Path(folder) / f"{os.getpid()}.new"
        beside.write_text(str(state.revision))
        beside.replace(beside.with_suffix(".revision"))


def answer() -> str:
    """Which process read what."""
    return f"{os.getpid()} {client().render(NAME).text}"


def configure(variables: dict[str, str]) -> None:
    """Set variables in a process that did not inherit them."""
    os.environ.update(variables)


def slow_answer() -> str:
    """The same, with time for the others to take the next question."""
    time.sleep(BUSY_S)
    return answer()


def make_wsgi() -> Wsgi:
    """For gunicorn, which calls this in the parent when it preloads."""
    answer()

    def app(asked: dict[str, Any], start: Callable[[str, list[tuple[str, str]]], object]) -> Iterable[bytes]:
        start("200 OK", [("Content-Type", "text/plain")])
        return [slow_answer().encode()]

    return app


def make_asgi() -> Asgi:
    """For uvicorn, which calls this in each worker."""
    prompts = cuebook.AsyncClient(refresh_s=REFRESH_S, wait=10, on_change=note)

    async def app(scope: dict[str, Any], receive: object, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        assert scope["type"] == "http"
        await asyncio.sleep(BUSY_S)
        body = f"{os.getpid()} {(await prompts.render(NAME)).text}".encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": body})

    return app
