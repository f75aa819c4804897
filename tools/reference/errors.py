"""docs/reference/errors.md: every refusal, out of the tree of errors and the table of statuses."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import cuebook_server
from cuebook_server.domain import errors
from cuebook_server.domain.errors import CuebookError
from tools.pages import table

HEAD = ("status", "code", "meaning", "what to do")


def refusals() -> list[type[CuebookError]]:
    """Every class that may be answered, kinds included: those of the errors' own file first, in its order."""
    for module in pkgutil.walk_packages(cuebook_server.__path__, "cuebook_server."):
        if ".migrations." not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return sorted(_below(CuebookError), key=lambda found: (found.__module__ != errors.__name__, found.__module__, _line(found)))


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
