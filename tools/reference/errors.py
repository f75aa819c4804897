"""docs/reference/errors.md: every refusal, out of the tree of errors and the table of statuses."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator

from cuebook_server.domain import errors
from cuebook_server.domain.errors import CuebookError
from tools.pages import table

HEAD = ("status", "code", "meaning", "what to do")
# Whoever imports these has seen every refusal there is.
EDGES = ("cuebook_server.http.errors", "cuebook_server.delivery.app")


def refusals() -> list[type[CuebookError]]:
    """Every class that may be answered, kinds included, in the order of the source."""
    for module in EDGES:
        importlib.import_module(module)
    return sorted(_below(CuebookError), key=lambda found: (found.__module__ != errors.__name__, _line(found)))


def body() -> str:
    """The generated part of the page."""
    from cuebook_server.http.errors import status_of

    rows = [(status_of(found()), found) for found in refusals()]
    rows.sort(key=lambda row: row[0])
    return table(HEAD, [(str(status), f"`{found.code}`", f"{found.title()}.", found.hint) for status, found in rows])


def _below(parent: type[CuebookError]) -> Iterator[type[CuebookError]]:
    for child in parent.__subclasses__():
        yield child
        yield from _below(child)


def _line(found: type[CuebookError]) -> int:
    return inspect.getsourcelines(found)[1]
