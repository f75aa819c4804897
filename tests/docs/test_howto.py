"""The how-to guides' Python is Python that runs."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cuebook.testing import FakeClient

PAGE = Path(__file__).parents[2] / "docs/howto/application.md"


def test_the_applications_code_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    client = FakeClient({"support.triage": {"text": "Sort: {{ticket}}", "model": {"provider": "openai", "name": "gpt-5.2"}}})
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr("cuebook.Client", lambda: client)
    monkeypatch.setattr("openai.OpenAI", lambda: _openai(asked))
    names: dict[str, Any] = {}
    exec("\n".join(re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)), names)
    assert names["triage"]("The lift stands still.") == "high"
    assert asked == [{"model": "gpt-5.2", "messages": [{"role": "user", "content": "Sort: The lift stands still."}]}]


def _openai(asked: list[dict[str, Any]]) -> SimpleNamespace:
    def create(**arguments: Any) -> SimpleNamespace:
        asked.append(arguments)
        return SimpleNamespace(choices=[SimpleNamespace(message=SimpleNamespace(content="high"))])

    return SimpleNamespace(chat=SimpleNamespace(completions=SimpleNamespace(create=create)))
