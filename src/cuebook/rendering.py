"""From a served prompt and values to the messages a model is sent. Needs nothing but the standard library.

``compile`` takes a served prompt (see ``cuebook.wire``) apart once; ``Compiled.render`` then only fills gaps. The structure of
the output (how many messages, in which order and roles, of which parts) is fixed before a value is looked at: values go into
``content`` strings and into the ``text`` of text parts, and nowhere else. The one exception is asked for by name: a placeholder
stands for a list of messages, given under its name in ``values``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from cuebook.template import (
    MissingVariables,
    RenderTooLarge,
    Template,
    TemplateError,
    UnresolvedIncludes,
    WrongType,
    parse,
    utf8_bytes,
)
from cuebook.variables import Contract, NotInEnum, type_name

__all__ = [
    "RENDER_BYTES_MAX",
    "ROLES",
    "BadMessage",
    "BadPrompt",
    "Compiled",
    "MissingVariables",
    "NotInEnum",
    "RenderTooLarge",
    "Rendered",
    "TemplateError",
    "UnresolvedIncludes",
    "WrongType",
    "compile",
]

RENDER_BYTES_MAX = 4 * 1024 * 1024
ROLES = ("system", "user", "assistant", "tool")


class BadPrompt(TemplateError):
    """What should be rendered is no served prompt, or one of a kind or engine this Cuebook does not know."""


class BadMessage(TemplateError):
    """A message given for a placeholder is not valid; ``name`` is the placeholder, ``at`` the message's index."""

    def __init__(self, name: str, at: int, problem: str) -> None:
        self.name, self.at = name, at
        super().__init__(f"message {at} for the placeholder {name} {problem}")


@dataclass(frozen=True, slots=True)
class Rendered:
    """The output: ``text`` of a text prompt, or ``messages`` of a chat prompt, the caller's own to change.

    ``ignored``: the names in the given values that the prompt does not know, sorted.
    """

    text: str | None
    messages: list[dict[str, Any]] | None
    ignored: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    """Something with one text in it: a message, or a part of one. ``key`` says where; ``None``: no text, kept as it is."""

    fixed: Mapping[str, Any]
    key: str | None = None
    content: Template | tuple[_Part, ...] = ()

    def render(self, texts: Mapping[str, str]) -> dict[str, Any]:
        part: dict[str, Any] = _fresh(self.fixed)
        if self.key is not None:
            content = self.content
            part[self.key] = content.render(texts) if isinstance(content, Template) else [p.render(texts) for p in content]
        return part

    def templates(self) -> Iterable[Template]:
        if isinstance(self.content, Template):
            return (self.content,)
        return [template for part in self.content for template in part.templates()]


@dataclass(frozen=True, slots=True)
class _Placeholder:
    name: str


_Message: TypeAlias = _Part | _Placeholder


class Compiled:
    """A served prompt, ready to render. Immutable and safe to share between threads."""

    __slots__ = ("_contract", "_counts", "_literal_bytes", "_messages", "_most", "_placeholders", "_text", "variables")

    def __init__(self, body: Template | tuple[_Message, ...], specs: Mapping[str, Mapping[str, Any]]) -> None:
        self._text = body if isinstance(body, Template) else None
        self._messages = () if isinstance(body, Template) else body
        templates = [body] if isinstance(body, Template) else [t for m in body if isinstance(m, _Part) for t in m.templates()]
        if unresolved := {name for template in templates for name in template.includes}:
            raise UnresolvedIncludes(unresolved)
        self._contract = Contract(specs, [name for template in templates for name in template.variables])
        self._placeholders = frozenset(m.name for m in self._messages if isinstance(m, _Placeholder))
        self._literal_bytes = sum(template.literal_bytes for template in templates)
        self._counts: Counter[str] = Counter()
        for template in templates:
            self._counts.update(template.counts)
        self._most = max(self._counts.values(), default=0)
        self.variables = self._contract.names

    def render(self, values: Mapping[str, object]) -> Rendered:
        """Render with ``values`` by name (strings, or other JSON values; lists of messages for placeholders).

        Raises ``MissingVariables``, ``WrongType``, ``NotInEnum``, ``BadMessage``, and ``RenderTooLarge`` above 4 MiB of text,
        before anything large is built. All of them are ``TemplateError``.
        """
        texts, others = self._contract.texts(values)
        if self._text is not None:
            self._check_size(texts, ())
            return Rendered(self._text.render(texts), None, tuple(sorted(others)))
        histories = {name: _history(name, values.get(name, ())) for name in self._placeholders}
        self._check_size(texts, histories.values())
        messages: list[dict[str, Any]] = []
        for message in self._messages:
            messages += [message.render(texts)] if isinstance(message, _Part) else json.loads(histories[message.name])
        return Rendered(None, messages, tuple(sorted(name for name in others if name not in histories)))

    def _check_size(self, texts: Mapping[str, str], histories: Collection[str]) -> None:
        # A character has four bytes at most, so in nearly all cases adding up a few lengths is enough.
        if not histories and self._literal_bytes + 4 * self._most * sum(map(len, texts.values())) <= RENDER_BYTES_MAX:
            return
        size = self._literal_bytes + sum(map(utf8_bytes, histories))
        size += sum(utf8_bytes(texts[name]) * count for name, count in self._counts.items())
        if size > RENDER_BYTES_MAX:
            raise RenderTooLarge(size, RENDER_BYTES_MAX)


def compile(served: Mapping[str, Any]) -> Compiled:  # noqa: A001 - read as `rendering.compile`, after `re.compile`
    """Take a served prompt apart. ``variables`` and ``engine`` may be left out; unknown members are ignored.

    Raises ``BadPrompt`` (and other ``TemplateError`` for a contract that contradicts itself).
    """
    if served.get("engine", "simple") != "simple":
        raise BadPrompt(f"the template engine {served['engine']!r} is not known here: update cuebook")
    try:
        body = _body(served)
        return Compiled(body, served.get("variables") or {})
    except (KeyError, TypeError, AttributeError) as error:
        raise BadPrompt(f"this is no served prompt ({type(error).__name__}: {error})") from error


def _body(served: Mapping[str, Any]) -> Template | tuple[_Message, ...]:
    match served.get("kind"):
        case "text":
            return parse(served["text"])
        case "chat":
            return tuple(_message(message) for message in served["messages"])
        case kind:
            raise BadPrompt(f"prompts of kind {kind!r} are not known here")


def _message(message: Mapping[str, Any]) -> _Message:
    if "placeholder" in message:
        return _Placeholder(message["placeholder"])
    content = message["content"]
    body = parse(content) if isinstance(content, str) else tuple(_part(part) for part in content)
    return _Part({"role": message["role"], **_without(message, "content")}, "content", body)


def _part(part: Mapping[str, Any]) -> _Part:
    return _Part(_without(part, "text"), "text", parse(part["text"])) if part["type"] == "text" else _Part(_fresh(part))


def _history(name: str, messages: object) -> str:
    """The messages given for a placeholder as JSON: checked, measurable, and no longer the caller's objects."""
    if not isinstance(messages, list | tuple):
        raise WrongType(name, "a list of messages", type_name(messages))
    for at, message in enumerate(messages):
        if problem := _problem(message):
            raise BadMessage(name, at, problem)
    try:
        return json.dumps(messages, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise WrongType(name, "a list of messages", "what JSON cannot write") from None


def _problem(message: object) -> str:
    if not isinstance(message, dict) or message.keys() != {"role", "content"}:
        return "is not an object of `role` and `content`"
    if message["role"] not in ROLES:
        return f"needs one of the roles {', '.join(ROLES)}"
    content = message["content"]
    if isinstance(content, str):
        return ""
    if not isinstance(content, list) or not all(_is_part(part) for part in content):
        return "needs a string or a list of typed parts as its `content`"
    return ""


def _is_part(part: object) -> bool:
    if not isinstance(part, dict) or not isinstance(part.get("type"), str):
        return False
    return part["type"] != "text" or isinstance(part.get("text"), str)


def _without(value: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: _fresh(member) for name, member in value.items() if name != key}


def _fresh(value: Any) -> Any:
    """A copy of a JSON value that shares nothing: callers may change what they get."""
    if isinstance(value, dict):
        return {key: _fresh(member) for key, member in value.items()}
    return [_fresh(member) for member in value] if isinstance(value, list) else value
