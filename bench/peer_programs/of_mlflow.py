"""MLflow: prompts of its registry by an alias, with the defaults of its client."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import mlflow

from bench.peer_programs.asking import FIRST, NAME, main

mlflow.set_tracking_uri(os.environ["PEER_URL"])


def prepare() -> dict[str, Any]:
    """Where it is fetched by its alias."""
    release(FIRST)
    return {"path": f"/api/2.0/mlflow/registered-models/alias?name={NAME}&alias=production", "headers": {}}


def release(text: str) -> None:
    """Register a version, and move the alias."""
    made = mlflow.genai.register_prompt(name=NAME, template=text)
    mlflow.genai.set_prompt_alias(NAME, alias="production", version=made.version)


def reader() -> Callable[[], str]:
    """What an application calls."""
    return lambda: str(mlflow.genai.load_prompt(f"prompts:/{NAME}@production").template)


main(prepare, release, reader)
