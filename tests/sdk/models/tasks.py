"""The application as Celery imports it: the prompt is read in the parent already, before it forks its workers."""

from __future__ import annotations

import os
from pathlib import Path

from celery import Celery

from tests.sdk.models import application


def make_app(folder: Path) -> Celery:
    """Celery with a broker and results in folders, so that no service is needed.

    What is sent lies in ``sent`` until ``hand_over``: the worker reads whatever file it sees, and a half-written one ends it.
    """
    for name in ("sent", "queue", "done", "results"):
        (folder / name).mkdir(exist_ok=True)
    app = Celery("models", broker="filesystem://", backend=f"file://{folder / 'results'}", set_as_current=False)
    app.conf.broker_transport_options = {
        "data_folder_in": str(folder / "queue"),
        "data_folder_out": str(folder / "sent"),
        "control_folder": str(folder / "done"),
        "polling_interval": 0.05,
    }
    return app


def hand_over(folder: Path) -> None:
    """Give the worker what was sent: each message appears in its folder whole."""
    for message in (folder / "sent").iterdir():
        message.rename(folder / "queue" / message.name)


if folder := os.environ.get("MODELS_FOLDER"):
    app = make_app(Path(folder))
    app.task(name="answer")(application.slow_answer)
    application.answer()
