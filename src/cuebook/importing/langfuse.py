"""Langfuse's JSON form of prompts: a list (or ``{"data": [...]}``) of versions with name, prompt, config, labels, tags.

Versions keep their order. ``config`` becomes the model and its parameters as far as its members are known as such; what
else it holds is reported and left out, so that no address, header or key comes along. Labels move no pointer: they stand
in the message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from cuebook import template
from cuebook.importing.items import (
    MESSAGE_CHARS_MAX,
    PATH_CHARS_MAX,
    Item,
    Names,
    Options,
    Problem,
    Read,
    clip,
    file_key,
    text_content,
)

Json: TypeAlias = Mapping[str, Any]

PARAMETERS = frozenset(
    {
        *("temperature", "top_p", "top_k", "min_p", "seed", "n", "stop", "stop_sequences"),
        *("max_tokens", "max_completion_tokens", "max_output_tokens"),
        *("frequency_penalty", "presence_penalty", "repetition_penalty", "logit_bias", "logprobs", "top_logprobs"),
        *("tool_choice", "parallel_tool_calls", "reasoning_effort", "verbosity", "service_tier"),
    }
)
_MODEL_NAMES = frozenset({"model", "model_name", "model_id"})
_PROVIDERS = frozenset({"provider", "model_provider"})
_NESTED = frozenset({"parameters", "model_parameters", "model_params"})
_ROLES = {"developer": "system", "human": "user", "ai": "assistant", "model": "assistant", "function": "tool"}
_MARKS = frozenset({"type", "config", "labels", "version"})
_REFERENCE = "@@@langfusePrompt:"
_CAPITAL = re.compile(r"(?<=[a-z0-9])([A-Z])")


def exported(document: Any) -> list[Any] | None:
    """The prompts of an export, or ``None`` when the document is something else."""
    if isinstance(document, dict):
        document = document.get("data", document.get("prompts"))
    if not isinstance(document, list) or not document:
        return None
    first = document[0]
    known = isinstance(first, dict) and {"name", "prompt"} <= first.keys() and not _MARKS.isdisjoint(first)
    return document if known else None


def read(prompts: Sequence[Any], filename: str, options: Options) -> Iterator[Read]:
    """The prompts of an export, the versions of each in order."""
    names = Names(options.prefix)
    given: dict[str, str] = {}
    for number, prompt in sorted(enumerate(prompts, start=1), key=_order):
        where = f"entry {number}"
        problem = _problem(prompt)
        if problem:
            yield Problem(where, problem)
            continue
        said = prompt["name"]
        if said not in given:
            given[said] = names.take([part for part in said.split("/") if part] or [said])
        try:
            yield from _version(prompt, given[said], where, filename, options)
        except ValueError as error:
            yield Problem(where, str(error))


def _order(numbered: tuple[int, Any]) -> tuple[str, int, int]:
    number, prompt = numbered
    name, version = (prompt.get("name"), prompt.get("version")) if isinstance(prompt, dict) else (None, None)
    return str(name), version if isinstance(version, int) else 0, number


def _problem(prompt: Any) -> str:
    if not isinstance(prompt, dict):
        return "it is no JSON object"
    if not isinstance(prompt.get("name"), str) or not prompt["name"].strip():
        return "it has no name"
    if not isinstance(prompt.get("prompt"), str | list):
        return "its `prompt` is neither a text nor a list of messages"
    return ""


def _version(prompt: Json, name: str, where: str, filename: str, options: Options) -> Iterator[Read]:
    content = _body(prompt["prompt"], literal=options.literal)
    settings, dropped = _settings(prompt.get("config"))
    content |= settings
    number = prompt.get("version")
    labels = [label for label in prompt.get("labels") or () if isinstance(label, str)]
    said = prompt.get("commitMessage") or f"Imported from Langfuse{f' version {number}' if number else ''}"
    message = f"{said} (labels: {', '.join(labels)})" if labels else str(said)
    provenance = {
        "source": "langfuse",
        "path": clip(f"{filename}: {prompt['name']}", PATH_CHARS_MAX),
        "authored_at": prompt.get("createdAt"),
    }
    yield Item(
        name,
        content,
        clip(message, MESSAGE_CHARS_MAX),
        # The number makes an older text that returns another version than the first one.
        f"langfuse:{number}:{file_key(content)}",
        where,
        {key: value for key, value in provenance.items() if isinstance(value, str)},
        description="" if name == prompt["name"] else clip(prompt["name"], MESSAGE_CHARS_MAX),
        tags=tuple(tag for tag in prompt.get("tags") or () if isinstance(tag, str)),
    )
    if dropped:
        yield Problem(where, f"its config's {', '.join(dropped)} is no model parameter and was left out", "skipped")


def _body(body: str | list[Any], *, literal: bool) -> dict[str, Any]:
    if _REFERENCE in str(body) and not literal:
        raise ValueError(
            "it includes other prompts in Langfuse's way (`@@@langfusePrompt:`); export it resolved, or use --literal"
        )
    if isinstance(body, str):
        return text_content(body, literal=literal)
    return {"kind": "chat", "engine": "simple", "messages": [_message(message, literal) for message in body]}


def _message(message: Any, literal: bool) -> dict[str, Any]:
    if not isinstance(message, dict):
        raise ValueError("a message is no JSON object")  # noqa: TRY004  one kind of refusal for the caller
    if message.get("type") == "placeholder":
        return {"placeholder": message.get("name")}
    role, content = message.get("role"), message.get("content")
    if not isinstance(role, str) or not isinstance(content, str):
        raise ValueError("a message has no role, or no text")  # noqa: TRY004  as above
    return {"role": _ROLES.get(role, role), "content": template.escape(content) if literal else content}


def _settings(config: Any) -> tuple[dict[str, Any], list[str]]:
    """What a config says about the model, the tools and the answer's form; and the names of what else it holds."""
    model: dict[str, Any] = {}
    settings: dict[str, Any] = {}
    parameters: dict[str, Any] = {}
    dropped: list[str] = []
    for key, value in _members(config):
        if key in _MODEL_NAMES and isinstance(value, str):
            model["name"] = value
        elif key in _PROVIDERS and isinstance(value, str):
            model["provider"] = value
        elif key in PARAMETERS:
            parameters[key] = value
        elif key == "tools" and isinstance(value, list):
            settings["tools"] = value
        elif key == "response_format" and isinstance(value, str | dict):
            settings["response_format"] = {"type": value} if isinstance(value, str) else value
        else:
            dropped.append(f"`{key}`")
    model |= {"parameters": parameters} if parameters else {}
    return settings | ({"model": model} if model else {}), dropped


def _members(config: Any) -> Iterator[tuple[str, Any]]:
    for key, value in config.items() if isinstance(config, dict) else ():
        name = _CAPITAL.sub(r"_\1", key).lower()
        if name in _NESTED and isinstance(value, dict):
            yield from _members(value)
        elif value is not None:
            yield name, value
