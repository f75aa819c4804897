"""A conversation that must not change its prompts half-way: each is resolved once and kept, until it is withdrawn."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from cuebook.delivery import Fallback
from cuebook.prompt import Call, Prompt

Find: TypeAlias = Callable[[str, str, Fallback | None], Prompt]  # session, name, fallback
FindLater: TypeAlias = Callable[[str, str, Fallback | None], Awaitable[Prompt]]


class Session:
    """Prompts as one session first got them. Made by `Client.session`; two with the same ``id`` share what they got.

    A prompt that was retired or recalled since is resolved anew. The client remembers the 10,000 sessions used last.
    """

    def __init__(self, id: str, find: Find) -> None:  # noqa: A002 - the word people use
        self.id = id
        self._find = find

    def get(self, name: str, *, fallback: Fallback | None = None) -> Prompt:
        """See `Client.get`. A fallback is not kept."""
        return self._find(self.id, name, fallback)

    def render(self, name: str, values: Mapping[str, Any] | None = None, /, **variables: Any) -> Call:
        """``get(name).render(values, **variables)``."""
        return self.get(name).render(values, **variables)


class AsyncSession:
    """`Session` of an `AsyncClient`."""

    def __init__(self, id: str, find: FindLater) -> None:  # noqa: A002 - the word people use
        self.id = id
        self._find = find

    async def get(self, name: str, *, fallback: Fallback | None = None) -> Prompt:
        """See `Session.get`."""
        return await self._find(self.id, name, fallback)

    async def render(self, name: str, values: Mapping[str, Any] | None = None, /, **variables: Any) -> Call:
        """See `Session.render`."""
        return (await self.get(name)).render(values, **variables)
