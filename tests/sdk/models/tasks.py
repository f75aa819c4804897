"""The application as Celery imports it: the prompt is read in the parent already, before it forks its workers."""

from __future__ import annotations

import os
from pathlib import Path

from celery import Celery

from tests.sdk.models import application


def make_app(folder: Path) -> Celery:
    """Celery with a broker and results in a folder, so that no service is needed."""
    for name in ("queue", "done", "results"):
        (folder / name).mkdir(exist_ok=True)
    app = Celery("models", broker="filesystem://", backend=f"file://{folder / 'results'}", set_as_current=False)
    # A message that was read is deleted; the sender and the worker use the same folder both ways.
    app.conf.broker_transport_options = {
        "data_folder_in": str(folder / "queue"),
        "data_folder_out": str(folder / "queue"),
        "control_folder": str(folder / "done"),
        "polling_interval": 0.05,
    }
    return app


if folder := os.environ.get("MODELS_FOLDER"):
    app = make_app(Path(folder))
    app.task(name="answer")(application.slow_answer)
    application.answer()
