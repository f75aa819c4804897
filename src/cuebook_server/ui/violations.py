"""What a browser kept a page from doing, as it reports it: all of it counted, some of it written to the log.

Anybody may send such a report, so it is bounded, and nothing of it reaches the log but words of a known form: addresses lose
their query and fragment, where a secret could stand.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import structlog
from starlette.requests import Request
from starlette.responses import Response

PATH = "/csp-report"
# The first for browsers that know nothing newer.
DIRECTIVES = f"; report-uri {PATH}; report-to csp"
ENDPOINTS = f'csp="{PATH}"'
BODY_BYTES_MAX = 16 * 1024
LOGGED_A_MINUTE = 10
_WORD = re.compile(r"[a-z0-9' -]{1,60}")
_ADDRESS = re.compile(r"[A-Za-z0-9:/._\[\]-]{1,200}")
_log = structlog.get_logger("cuebook.ui")


class Violations:
    """Counts them. ``clock`` is in seconds and only goes forward."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.count = 0
        self._clock, self._minute, self._logged = clock, -1, 0

    async def take(self, request: Request) -> Response:
        """Note a report. Whatever it holds, there is nothing to answer."""
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_BYTES_MAX:
                return Response(status_code=413)
        for violation in _read(bytes(body)):
            self.count += 1
            if self._may_log():
                _log.warning("the browser kept a page from doing something", **violation)
        return Response(status_code=204)

    def _may_log(self) -> bool:
        minute = int(self._clock() // 60)
        if minute != self._minute:
            self._minute, self._logged = minute, 0
        self._logged += 1
        return self._logged <= LOGGED_A_MINUTE


def _read(body: bytes) -> Iterator[Mapping[str, Any]]:
    """The violations of a report, in the form of `report-uri` (one) or of `report-to` (a list)."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return
    rows = said if isinstance(said, list) else [said]
    for row in rows:
        found = row.get("csp-report") or row.get("body") if isinstance(row, dict) else None
        if isinstance(found, dict):
            yield _known(found)


def _known(said: Mapping[str, Any]) -> Mapping[str, Any]:
    line = said.get("lineNumber", said.get("line-number"))
    return {
        "directive": _word(said.get("effectiveDirective", said.get("effective-directive", said.get("violated-directive")))),
        "blocked": _address(said.get("blockedURL", said.get("blocked-uri"))),
        "page": _address(said.get("documentURL", said.get("document-uri"))),
        "source": _address(said.get("sourceFile", said.get("source-file"))),
        "line": line if isinstance(line, int) else None,
    }


def _word(value: Any) -> str:
    return value if isinstance(value, str) and _WORD.fullmatch(value) else ""


def _address(value: Any) -> str:
    """An address without what follows its path; of a foreign or odd one as much as can be shown safely."""
    if not isinstance(value, str):
        return ""
    try:
        parts = urlsplit(value)
    except ValueError:
        return ""
    shown = f"{parts.scheme}://{parts.hostname}{parts.path}" if parts.hostname else parts.path
    return shown if _ADDRESS.fullmatch(shown) else ""
