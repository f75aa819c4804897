"""Rendering on the server, for callers without an SDK: reads the request, fills the gaps, leaves a receipt."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import orjson

from cuebook import rendering, wire
from cuebook_server.delivery.answer import Receive
from cuebook_server.delivery.request import Headers, check_subject, read_body
from cuebook_server.delivery.snapshot import Entry, Snapshot
from cuebook_server.domain.environment import Selector, selector
from cuebook_server.domain.errors import BadJson, BadRequest, BadVariables, UnknownSelector

# Up to this size (body and prompt together) the event loop does the work itself: handing it over costs more.
INLINE_BYTES_MAX = 32 * 1024
THREADS = 2
_FIELDS = frozenset({"variables", "version", "subject"})


class Wanted(NamedTuple):
    """What a render request asks for."""

    variables: Mapping[str, Any]
    version: Selector
    size: int


class Renderer:
    """Renders small requests at once and large ones away from the event loop."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, "cuebook-render")

    async def read(self, headers: Headers, receive: Receive) -> Wanted:
        """Read what a request asks for."""
        body = await read_body(headers, receive)
        if len(body) <= INLINE_BYTES_MAX:
            return _wanted(body)
        return await asyncio.get_running_loop().run_in_executor(self._threads, _wanted, body)

    async def render(self, entry: Entry, snapshot: Snapshot, wanted: Wanted) -> bytes:
        """The rendered prompt with its receipt, as JSON. Raises ``BadVariables`` with the names of the variables."""
        if wanted.size + len(entry.body) <= INLINE_BYTES_MAX:
            return _rendered(entry, snapshot, wanted.variables)
        return await asyncio.get_running_loop().run_in_executor(self._threads, _rendered, entry, snapshot, wanted.variables)

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _wanted(body: bytes) -> Wanted:
    try:
        asked = wire.loads(body)
    except wire.WireError as error:
        raise BadJson(f"The body cannot be read: {error}.") from None
    if not isinstance(asked, dict):
        raise BadRequest("The body is no JSON object.")
    if unknown := sorted(asked.keys() - _FIELDS):
        raise BadRequest(f"The field {unknown[0][:60]!r} is not known.", allowed=sorted(_FIELDS))
    variables = asked.get("variables", {})
    if not isinstance(variables, dict):
        raise BadRequest("`variables` is an object of values by name.")
    check_subject(asked.get("subject", ""))
    return Wanted(variables, _version(asked.get("version", "stable")), len(body))


def _version(version: Any) -> Selector:
    if isinstance(version, bool) or not isinstance(version, str | int):
        raise UnknownSelector("`version` is `stable`, `latest` or a number.")
    return selector(str(version))


def _rendered(entry: Entry, snapshot: Snapshot, variables: Mapping[str, Any]) -> bytes:
    served = orjson.loads(entry.body)
    try:
        if entry.compiled is None:
            entry.compiled = rendering.compile(served)
        output = entry.compiled.render(variables)
    except rendering.TemplateError as error:
        names = getattr(error, "names", None) or [name for name in [getattr(error, "name", None)] if name]
        raise BadVariables(f"{error}.", names=list(names), variables=served["variables"]) from None
    receipt = {
        "prompt": entry.name,
        "version": entry.number,
        "digest": entry.digest,
        "environment": snapshot.environment.name,
        "revision": snapshot.revision,
        "source": "server",
        "ignored": list(output.ignored),
    }
    content = {"messages": output.messages} if output.text is None else {"text": output.text}
    kept = {key: served[key] for key in ("model", "tools", "response_format")}
    try:
        return orjson.dumps({**content, **kept, "receipt": receipt})
    except orjson.JSONEncodeError:  # an integer of more than 64 bits in a message given for a placeholder, or deep nesting
        raise BadVariables("A message given for a placeholder cannot be written as JSON.") from None
