"""Puts a render's receipt on the current OpenTelemetry span, where the application has one; otherwise does nothing."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from typing import Any

_log = logging.getLogger("cuebook")
# Names of the OpenTelemetry conventions where they exist, ours for the rest.
_ATTRIBUTES = {
    "prompt": "gen_ai.prompt.name",
    "version": "gen_ai.prompt.version",
    "digest": "cuebook.prompt.digest",
    "environment": "cuebook.environment",
    "revision": "cuebook.revision",
    "source": "cuebook.source",
}


def active() -> bool:
    """Whether the application uses OpenTelemetry: who never imported it has no current span, and pays nothing."""
    return "opentelemetry.trace" in sys.modules


def record(receipt: Mapping[str, Any]) -> None:
    """Set the receipt's members as attributes of the current span; never fails."""
    try:
        from opentelemetry import trace

        span = trace.get_current_span()
        if span.is_recording():
            span.set_attributes({_ATTRIBUTES[k]: v for k, v in receipt.items() if k in _ATTRIBUTES and v is not None})
    except Exception:  # noqa: BLE001 - telemetry can never take a render down, whatever an exporter or a half-made install does
        _log.debug("the receipt could not be put on the current span", exc_info=True)
