"""What an application holds: a served prompt, and the call a render makes of it."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, cast

from cuebook import providers, rendering, tracing
from cuebook.errors import Invalid

Source = Literal["network", "disk", "bundle", "fallback"]
Messages = list[dict[str, Any]]


class Freshness:
    """When the registry last confirmed a snapshot, on the monotonic clock. All its prompts share one."""

    __slots__ = ("confirmed_at",)

    def __init__(self, confirmed_at: float) -> None:
        self.confirmed_at = confirmed_at


NEVER_CONFIRMED = Freshness(-math.inf)


@dataclass(frozen=True, slots=True)
class Prompt:
    """One version of a prompt as an environment serves it. Immutable: what it hands out are copies.

    ``released_at`` is UTC in RFC 3339. A fallback may lack everything but its name and kind (``None``).
    """

    name: str
    version: int | None
    digest: str | None
    environment: str | None
    revision: int | None
    kind: Literal["text", "chat"]
    released_at: str | None
    source: Source
    _served: Mapping[str, Any] = field(repr=False, hash=False)
    _freshness: Freshness = field(repr=False, compare=False)
    # Compiled by the first render: most applications render few of the prompts an environment serves.
    _compiled: rendering.Compiled | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, served: Mapping[str, Any], *, revision: int | None, source: Source, freshness: Freshness) -> Prompt:
        """From a served prompt or a version's content (see `cuebook.wire`), whose members were checked."""
        return cls(
            served["name"],
            served.get("version"),
            served.get("digest"),
            served.get("environment"),
            revision,
            served["kind"],
            served.get("released_at"),
            source,
            served,
            freshness,
        )

    @property
    def age(self) -> float:
        """Seconds since the registry last confirmed that this is what it serves; infinite for a fallback."""
        return time.monotonic() - self._freshness.confirmed_at

    @property
    def text(self) -> str:
        """The template of a text prompt; `Invalid` for a chat prompt, so that no ``None`` reaches a model."""
        return _only_text(self, self._served.get("text"))

    @property
    def messages(self) -> Messages:
        """The template's messages; a text prompt is one user message."""
        return cast("Messages", copied(self._served["messages"])) if self.kind == "chat" else user_message(self.text)

    @property
    def variables(self) -> dict[str, Any]:
        """The variable contract: name -> {"type", "required", "default", "description", "enum"}."""
        return cast("dict[str, Any]", copied(self._served.get("variables") or {}))

    @property
    def model(self) -> dict[str, Any] | None:
        """{"provider", "name", "parameters"}, or ``None`` where the version names no model."""
        return cast("dict[str, Any] | None", copied(self._served.get("model")))

    @property
    def tools(self) -> list[dict[str, Any]]:
        """The tool definitions of the version."""
        return cast("list[dict[str, Any]]", copied(self._served.get("tools") or []))

    @property
    def response_format(self) -> dict[str, Any] | None:
        """The response format of the version."""
        return cast("dict[str, Any] | None", copied(self._served.get("response_format")))

    def render(self, values: Mapping[str, Any] | None = None, /, **variables: Any) -> Call:
        """Fill the variables in. Give them as a mapping, as keywords, or both (keywords win).

        Raises a `TemplateError` that names a missing variable or one of the wrong type. Values nobody declared are ignored and
        listed in the receipt.
        """
        compiled = self._compiled
        if compiled is None:
            compiled = rendering.compile(self._served)
            object.__setattr__(self, "_compiled", compiled)  # a memo: two threads may both make it, and it is the same
        call = Call(self, compiled.render({**values, **variables} if values else variables))
        if tracing.active():
            tracing.record(call.receipt)
        return call


class Call:
    """A rendered prompt, ready for a model: yours to change, each attribute made when first asked for."""

    def __init__(self, prompt: Prompt, rendered: rendering.Rendered) -> None:
        self.prompt = prompt
        self._rendered = rendered

    def __repr__(self) -> str:
        return f"Call({self.prompt.name!r}, version={self.prompt.version!r}, environment={self.prompt.environment!r})"

    @cached_property
    def text(self) -> str:
        """The text of a text prompt; `Invalid` for a chat prompt."""
        return _only_text(self.prompt, self._rendered.text)

    @cached_property
    def messages(self) -> Messages:
        """A list of {"role", "content"}; a text prompt gives one user message."""
        if self.prompt.kind == "text":
            return user_message(self.text)
        return cast("Messages", self._rendered.messages)

    @cached_property
    def model(self) -> dict[str, Any] | None:
        """{"provider", "name", "parameters"}, or ``None`` where the version names no model."""
        return self.prompt.model

    @cached_property
    def tools(self) -> list[dict[str, Any]]:
        """The tool definitions of the version."""
        return self.prompt.tools

    @cached_property
    def response_format(self) -> dict[str, Any] | None:
        """The response format of the version."""
        return self.prompt.response_format

    @cached_property
    def receipt(self) -> dict[str, Any]:
        """Plain JSON for your logs and traces: which prompt, version and environment made this output."""
        prompt = self.prompt
        return {
            "prompt": prompt.name,
            "version": prompt.version,
            "digest": prompt.digest,
            "environment": prompt.environment,
            "revision": prompt.revision,
            "source": prompt.source,
            "ignored": list(self._rendered.ignored),
        }

    def openai(self, **overrides: Any) -> dict[str, Any]:
        """Keyword arguments for ``openai.OpenAI().chat.completions.create``; ``overrides`` win. See `cuebook.providers`."""
        return providers.openai(self, **overrides)

    def anthropic(self, **overrides: Any) -> dict[str, Any]:
        """Keyword arguments for ``anthropic.Anthropic().messages.create``; ``overrides`` win. See `cuebook.providers`."""
        return providers.anthropic(self, **overrides)


def copied(value: Any) -> Any:
    """A deep copy of JSON, several times quicker than ``copy.deepcopy``."""
    if isinstance(value, Mapping):
        return {k: copied(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [copied(v) for v in value]
    return value


def user_message(text: str) -> Messages:
    """A text as the one message of a conversation."""
    return [{"role": "user", "content": text}]


def _only_text(prompt: Prompt, text: str | None) -> str:
    if text is None:
        raise Invalid(f"{prompt.name} is a chat prompt and has no single text.", hint="Use `.messages`.")
    return text
