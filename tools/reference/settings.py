"""docs/reference/settings.md: every setting, out of the one table that reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from cuebook_server.settings import PREFIX, Settings
from tools.pages import table

HEAD = ("variable", "default", "what it is")


def body() -> str:
    """The generated part of the page."""
    return table(
        HEAD, [(f"`{PREFIX}{name.upper()}`", _default(field), _meaning(field)) for name, field in Settings.model_fields.items()]
    )


def _default(field: FieldInfo) -> str:
    default: Any = field.default
    if default is PydanticUndefined:
        return "must be set"
    return f"`{default}`" if isinstance(default, Path) or default not in ("", None) else "none"


def _meaning(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    secret = isinstance(extra, dict) and extra.get("secret")
    return f"{field.description or ''}{' Secret.' if secret else ''}"
