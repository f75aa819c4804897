"""From a rendered call to the keyword arguments of the OpenAI and Anthropic SDKs. Pure; imports neither.

A version's messages, tools and response format have OpenAI's chat form (a tool may also be the bare
``{"name", "description", "parameters"}``, a response format a bare JSON schema), and are translated where Anthropic's differs:

* system messages are joined by an empty line into ``system``; tool calls, tool results and images become content blocks;
* ``max_tokens`` is required there: without one in the version it is `ANTHROPIC_MAX_TOKENS`;
* ``stop``, ``max_completion_tokens``, ``tool_choice``, ``reasoning_effort`` and ``user`` are mapped; what only OpenAI has
  (``seed``, ``frequency_penalty`` and the like) is left out, as the API would refuse it.

A parameter that the SDK's method does not name travels in ``extra_body``, so that a new parameter needs no new SDK, and one
the SDK dropped (Anthropic's lost ``temperature``) still arrives. What a prompt says never sets a header, address or timeout.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from cuebook.errors import Invalid

if TYPE_CHECKING:
    from cuebook.prompt import Call

ANTHROPIC_MAX_TOKENS = 4_096


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_CLIENT = _words("extra_body extra_headers extra_query stream timeout")
OPENAI_ARGUMENTS = _CLIENT | _words(
    """frequency_penalty logit_bias logprobs max_completion_tokens max_tokens messages metadata modalities model n
    parallel_tool_calls prediction presence_penalty reasoning_effort response_format seed service_tier stop store stream_options
    temperature tool_choice tools top_logprobs top_p user"""
)
ANTHROPIC_ARGUMENTS = _CLIENT | _words(
    "max_tokens messages metadata model output_config service_tier stop_sequences system thinking tool_choice tools"
)
# What the version fixes elsewhere, or what is the application's alone.
_NOT_PARAMETERS = _CLIENT | _words("api_key base_url headers messages model response_format stream_options system tools")
_OPENAI_ONLY = _words(
    """frequency_penalty logit_bias logprobs modalities n prediction presence_penalty seed service_tier store top_logprobs
    verbosity"""
)
_SYSTEM = frozenset({"system", "developer"})


def openai(call: Call, **overrides: Any) -> dict[str, Any]:
    """Keyword arguments for ``chat.completions.create``. Raises `Invalid` where neither the version nor you name a model."""
    arguments: dict[str, Any] = {"messages": call.messages, **_parameters(call)}
    if "stop_sequences" in arguments:
        arguments["stop"] = arguments.pop("stop_sequences")
    if call.tools:
        arguments["tools"] = [_openai_tool(tool) for tool in call.tools]
    if call.response_format:
        arguments["response_format"] = _openai_format(call.response_format)
    return _placed(call, {**arguments, **overrides}, OPENAI_ARGUMENTS)


def anthropic(call: Call, **overrides: Any) -> dict[str, Any]:
    """Keyword arguments for ``messages.create``. Raises `Invalid` where neither the version nor you name a model."""
    arguments: dict[str, Any] = {"max_tokens": ANTHROPIC_MAX_TOKENS, **_anthropic_parameters(_parameters(call))}
    if system := "\n\n".join(_plain(m["content"]) for m in call.messages if m["role"] in _SYSTEM):
        arguments["system"] = system
    arguments["messages"] = [_anthropic_message(m) for m in call.messages if m["role"] not in _SYSTEM]
    if call.tools:
        arguments["tools"] = [_anthropic_tool(tool) for tool in call.tools]
    if schema := _schema(call.response_format):
        form = {"type": "json_schema", "schema": schema["schema"]}
        arguments["output_config"] = {**arguments.get("output_config", {}), "format": form}
    return _placed(call, {**arguments, **overrides}, ANTHROPIC_ARGUMENTS)


def _parameters(call: Call) -> dict[str, Any]:
    model = call.model or {}
    parameters = {k: v for k, v in (model.get("parameters") or {}).items() if k not in _NOT_PARAMETERS}
    return {**parameters, "model": model["name"]} if model.get("name") else parameters


def _placed(call: Call, arguments: dict[str, Any], accepted: frozenset[str]) -> dict[str, Any]:
    if "model" not in arguments:
        raise Invalid(f"{call.prompt.name} names no model.", hint="Pass one: `model=...`, or save a version with a model.")
    placed = {k: v for k, v in arguments.items() if k in accepted}
    if other := {k: v for k, v in arguments.items() if k not in accepted}:
        placed["extra_body"] = {**other, **placed.get("extra_body", {})}
    return placed


# --- OpenAI ------------------------------------------------------------------------------------------------------------
def _openai_tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    function = _function(tool)
    return dict(tool) if function is None else {"type": "function", "function": function}


def _openai_format(response_format: Mapping[str, Any]) -> dict[str, Any]:
    schema = _schema(response_format)
    return dict(response_format) if schema is None else {"type": "json_schema", "json_schema": schema}


# --- Anthropic ---------------------------------------------------------------------------------------------------------
def _anthropic_parameters(parameters: dict[str, Any]) -> dict[str, Any]:
    mapped = {k: v for k, v in parameters.items() if k not in _OPENAI_ONLY}
    for name in ("max_completion_tokens", "max_output_tokens"):
        if name in mapped:
            mapped["max_tokens"] = mapped.pop(name)
    if (stop := mapped.pop("stop", None)) is not None:
        mapped["stop_sequences"] = [stop] if isinstance(stop, str) else stop
    if (user := mapped.pop("user", None)) is not None:
        mapped["metadata"] = {"user_id": user}
    if (effort := mapped.pop("reasoning_effort", None)) is not None:
        mapped["output_config"] = {"effort": effort}
    if choice := _tool_choice(mapped.pop("tool_choice", None), parallel=mapped.pop("parallel_tool_calls", True)):
        mapped["tool_choice"] = choice
    return mapped


def _tool_choice(choice: Any, *, parallel: bool) -> dict[str, Any] | None:
    """OpenAI's ``auto|none|required|{"function": {"name"}}`` as Anthropic's object; one already in its form stays."""
    if isinstance(choice, str):
        mapped = {"type": "any" if choice == "required" else choice}
    elif isinstance(choice, Mapping):
        mapped = {"type": "tool", "name": choice["function"]["name"]} if "function" in choice else dict(choice)
    elif parallel:
        return None
    else:
        mapped = {"type": "auto"}
    return mapped if parallel or mapped["type"] == "none" else {**mapped, "disable_parallel_tool_use": True}


def _anthropic_message(message: Mapping[str, Any]) -> dict[str, Any]:
    content = _blocks(message.get("content") or "")
    if message["role"] == "tool":
        result = {"type": "tool_result", "tool_use_id": message.get("tool_call_id", ""), "content": content}
        return {"role": "user", "content": [result]}
    if calls := message.get("tool_calls"):
        text = [{"type": "text", "text": content}] if isinstance(content, str) else content
        content = [*(text if content else []), *map(_tool_use, calls)]
    return {"role": message["role"], "content": content}


def _tool_use(call: Mapping[str, Any]) -> dict[str, Any]:
    function = call["function"]
    return {"type": "tool_use", "id": call["id"], "name": function["name"], "input": json.loads(function["arguments"] or "{}")}


def _blocks(content: str | Iterable[Mapping[str, Any]]) -> str | list[dict[str, Any]]:
    return content if isinstance(content, str) else [_block(part) for part in content]


def _block(part: Mapping[str, Any]) -> dict[str, Any]:
    if part.get("type") != "image_url":
        return dict(part)
    image = part["image_url"]
    url = image if isinstance(image, str) else image["url"]
    head, _, data = url.partition(";base64,")
    if data and head.startswith("data:"):
        return {"type": "image", "source": {"type": "base64", "media_type": head.removeprefix("data:"), "data": data}}
    return {"type": "image", "source": {"type": "url", "url": url}}


def _anthropic_tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    function = _function(tool)
    if function is None:
        return dict(tool)
    schema = function.pop("parameters", None) or {"type": "object", "properties": {}}
    return {**function, "input_schema": schema}


# --- both --------------------------------------------------------------------------------------------------------------
def _function(tool: Mapping[str, Any]) -> dict[str, Any] | None:
    """{"name", "description", "parameters", ...} of a function tool; ``None`` for a tool the provider itself runs."""
    if tool.get("type", "function") not in {"function", "custom"}:
        return None
    function = dict(tool["function"]) if "function" in tool else {k: v for k, v in tool.items() if k != "type"}
    if "input_schema" in function:
        function["parameters"] = function.pop("input_schema")
    return function


def _schema(response_format: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """OpenAI's ``json_schema`` member, made where the version holds a bare one; ``None`` for ``text`` and ``json_object``."""
    if not response_format or response_format.get("type") in {"text", "json_object"}:
        return None
    if response_format.get("type") == "json_schema":
        return dict(response_format.get("json_schema") or {"name": "answer", "schema": response_format["schema"]})
    return {"name": "answer", "schema": dict(response_format)}


def _plain(content: str | Iterable[Mapping[str, Any]]) -> str:
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
