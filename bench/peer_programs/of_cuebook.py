"""Cuebook, by its own client with its defaults."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import cuebook
from bench.peer_programs.asking import FIRST, NAME, main
from cuebook.admin import AdminClient


def prepare() -> dict[str, Any]:
    """Where production's key fetches it."""
    release(FIRST)
    return {"path": f"/v1/prompts/{NAME}", "headers": {"Authorization": f"Bearer {os.environ['CUEBOOK_KEY']}"}}


def release(text: str) -> None:
    """Save a version, and let it through staging into production."""
    with AdminClient(os.environ["CUEBOOK_URL"], os.environ["CUEBOOK_TOKEN"], os.environ["CUEBOOK_PROJECT"]) as admin:
        admin.save(NAME, {"kind": "text", "engine": "simple", "text": text, "variables": {}})
        for environment in ("staging", "production"):
            admin.release(environment, [{"prompt": NAME}], reason="measured")


def reader() -> Callable[[], str]:
    """What an application calls."""
    client = cuebook.Client()
    return lambda: client.render(NAME).text


main(prepare, release, reader)
