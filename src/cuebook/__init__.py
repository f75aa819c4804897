"""Cuebook: prompts as production assets. What an application imports.

::

    import cuebook

    client = cuebook.Client()  # CUEBOOK_URL, CUEBOOK_KEY
    prompt = client.get("support.triage")  # from memory
    call = prompt.render(ticket=text, language="en")  # .messages / .text, .model, .tools, .receipt

Names load on demand (PEP 562): the template engine and the contract stand in this package too, and whoever imports only those
must not pay for an HTTP client and TLS.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cuebook._held import State
    from cuebook._sessions import AsyncSession, Session
    from cuebook.client import AsyncClient, Client
    from cuebook.errors import (
        BadAnswer,
        BaseMoved,
        Conflict,
        CuebookError,
        EnvironmentMismatch,
        Forbidden,
        Gone,
        Invalid,
        Misconfigured,
        NotFound,
        NotReleasedHere,
        NotVerified,
        NotYet,
        PointerMoved,
        PolicyRefused,
        PromptUnavailable,
        Recalled,
        Retired,
        Unauthenticated,
        Unavailable,
    )
    from cuebook.prompt import Call, Prompt
    from cuebook.rendering import MissingVariables, NotInEnum, RenderTooLarge, TemplateError, WrongType

__all__ = [
    "AsyncClient",
    "AsyncSession",
    "BadAnswer",
    "BaseMoved",
    "Call",
    "Client",
    "Conflict",
    "CuebookError",
    "EnvironmentMismatch",
    "Forbidden",
    "Gone",
    "Invalid",
    "Misconfigured",
    "MissingVariables",
    "NotFound",
    "NotInEnum",
    "NotReleasedHere",
    "NotVerified",
    "NotYet",
    "PointerMoved",
    "PolicyRefused",
    "Prompt",
    "PromptUnavailable",
    "Recalled",
    "RenderTooLarge",
    "Retired",
    "Session",
    "State",
    "TemplateError",
    "Unauthenticated",
    "Unavailable",
    "WrongType",
]

_HOMES = {
    "cuebook._held": ("State",),
    "cuebook._sessions": ("AsyncSession", "Session"),
    "cuebook.client": ("AsyncClient", "Client"),
    "cuebook.prompt": ("Call", "Prompt"),
    "cuebook.rendering": ("MissingVariables", "NotInEnum", "RenderTooLarge", "TemplateError", "WrongType"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


if not TYPE_CHECKING:  # a type checker that saw this would believe that every name exists

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(_HOME.get(name, "cuebook.errors")), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
