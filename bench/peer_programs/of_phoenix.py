"""Phoenix: prompts by a tag, with the defaults of its client."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from phoenix.client import Client
from phoenix.client.types import PromptVersion

from bench.peer_programs.asking import FIRST, NAME, main

client = Client(base_url=os.environ["PEER_URL"])


def prepare() -> dict[str, Any]:
    """Where it is fetched by its tag."""
    release(FIRST)
    return {"path": f"/v1/prompts/{NAME}/tags/production", "headers": {}}


def release(text: str) -> None:
    """Create a version, and tag it."""
    content = PromptVersion([{"role": "user", "content": text}], model_name="none", model_provider="OPENAI")
    made = client.prompts.create(name=NAME, version=content)
    client.prompts.tags.create(prompt_version_id=made.id, name="production")


def reader() -> Callable[[], str]:
    """What an application calls."""

    def read() -> str:
        content = client.prompts.get(prompt_identifier=NAME, tag="production").format(formatter=None).messages[0]["content"]
        return content if isinstance(content, str) else str(content[0]["text"])

    return read


main(prepare, release, reader)
