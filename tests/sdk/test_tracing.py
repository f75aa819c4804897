"""The receipt on the application's current span, without an SDK of OpenTelemetry: its API package is all we rely on."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry import trace

from cuebook.testing import FakeClient


class _Span(trace.NonRecordingSpan):
    def __init__(self, *, broken: bool = False) -> None:
        super().__init__(trace.INVALID_SPAN_CONTEXT)
        self.attributes: dict[str, Any] = {}
        self.broken = broken

    def is_recording(self) -> bool:
        return True

    def set_attributes(self, attributes: Any) -> None:
        if self.broken:
            raise RuntimeError
        self.attributes.update(attributes)


@pytest.fixture
def client() -> FakeClient:
    return FakeClient({"greeting": "Hello"})


def test_a_render_marks_the_current_span(client: FakeClient) -> None:
    with trace.use_span(span := _Span()):
        client.render("greeting")
        client.get("other", fallback="text").render()
    assert span.attributes["gen_ai.prompt.name"] == "other"
    assert span.attributes["gen_ai.prompt.version"] == 1
    assert (span.attributes["cuebook.environment"], span.attributes["cuebook.source"]) == ("test", "fallback")


def test_telemetry_cannot_take_a_render_down(client: FakeClient) -> None:
    with trace.use_span(_Span(broken=True), set_status_on_exception=False):
        assert client.render("greeting").text == "Hello"
