"""The delivery contract v1 as JSON: pure, shared by the server that writes it and the SDK that reads it.

A served prompt is one JSON object (DESIGN's example)::

    {
        "name": "support.triage",
        "version": 7,
        "digest": "sha256:...",
        "environment": "production",
        "kind": "chat",
        "engine": "simple",
        "messages": [...],
        "variables": {...},
        "model": {...} | null,
        "tools": [...],
        "response_format": {...} | null,
        "released_at": "2026-11-21T10:00:00Z",
    }

A text prompt carries ``text`` where a chat prompt carries ``messages``. A snapshot is everything an environment serves::

    {"environment": "production", "epoch": 1, "revision": 42, "prompts": [served prompt, ...],
     "aliases": {"old.name": "new.name"}, "retired": ["gone.name"], "recalled": {"support.triage": [6]}}

``recalled`` names harmful versions the environment served: no session may stay on one. It may grow without a new revision.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


class WireError(ValueError):
    """The bytes are not what the contract says."""


def loads(data: bytes | str) -> Any:
    """Read JSON strictly: UTF-8, no duplicate keys, no NaN or Infinity, no lone surrogates, no NUL bytes outside escapes."""
    try:
        text = data.decode("utf-8") if isinstance(data, bytes) else data
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite)
        # A lone surrogate can only come from an escape; encoding finds it wherever it is.
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise WireError("a string holds a lone surrogate") from None
    except UnicodeDecodeError:
        raise WireError("the bytes are not UTF-8") from None
    except RecursionError:
        raise WireError("the JSON is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise WireError(f"{error.msg} at line {error.lineno}, column {error.colno}") from None
    except WireError:
        raise
    except ValueError:  # an integer with more digits than Python converts
        raise WireError("a number is too large") from None
    return value


def served(
    content: Mapping[str, Any], *, name: str, version: int, digest: str, environment: str, released_at: str
) -> dict[str, Any]:
    """The served form of one version's (flattened) content."""
    body: dict[str, Any] = {
        "name": name,
        "version": version,
        "digest": digest,
        "environment": environment,
        "kind": content["kind"],
        "engine": content["engine"],
    }
    key = "messages" if content["kind"] == "chat" else "text"
    body[key] = content[key]
    body["variables"] = content.get("variables", {})
    body["model"] = content.get("model")
    body["tools"] = content.get("tools", [])
    body["response_format"] = content.get("response_format")
    body["released_at"] = released_at
    return body


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        double = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]  # add() gives None: that is meant
        raise WireError(f"the key {double[:60]!r} stands twice in one object")
    return result


def _refuse_constant(name: str) -> Any:
    raise WireError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise WireError(f"the number {text[:20]} is out of range")
    return value
