"""docs/reference/http.md: every call of the management API, out of its OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from tools.pages import table

HEAD = ("call", "what it does", "needs", "parameters", "body")


def document() -> dict[str, Any]:
    """The OpenAPI document, without a server or a database behind it."""
    from cuebook_server.http.app import build

    return build(cast("Any", None), cast("Any", None), cast("Any", None)).openapi()


def body() -> str:
    """The generated part of the page: one table for each noun."""
    by_noun: dict[str, list[tuple[str, ...]]] = {}
    for noun, row in _rows(document()):
        by_noun.setdefault(noun, []).append(row)
    return "\n\n".join(f"### {noun.capitalize()}\n\n{table(HEAD, rows)}" for noun, rows in by_noun.items())


def _rows(described: dict[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for path, calls in described["paths"].items():
        for method, call in calls.items():
            asked = [f"`{one['name']}`" for one in call.get("parameters", []) if one["in"] == "query"]
            yield (
                call["tags"][0],
                (
                    f"`{method.upper()} {path}`",
                    call["description"].partition("\n\n")[0],
                    _needs(call),
                    ", ".join(asked),
                    _fields(call, described),
                ),
            )


def _needs(call: dict[str, Any]) -> str:
    """The permissions of which one is needed, as `http/permissions.py` has them."""
    return " or ".join(f"`{one}`" for one in call.get("x-cuebook-permission", ()))


def _fields(call: dict[str, Any], described: dict[str, Any]) -> str:
    """The fields of what is sent; the ones that must be there in bold."""
    content = call.get("requestBody", {}).get("content", {})
    reference = content.get("application/json", {}).get("schema", {}).get("$ref", "")
    schema = described["components"]["schemas"].get(reference.rpartition("/")[2], {})
    needed = schema.get("required", [])
    return ", ".join(f"**`{name}`**" if name in needed else f"`{name}`" for name in schema.get("properties", {}))
