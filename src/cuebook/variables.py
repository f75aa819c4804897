"""The variable contract of a prompt: which values a render takes, and how each is written into the text.

A variable's spec is ``{"type": "string", "required": true, "default": ..., "description": ..., "enum": [...]}``; every member
may be left out. A variable with a default is never missing; one that is not required and has no default writes nothing.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from cuebook.template import MissingVariables, TemplateError, WrongType

Type: TypeAlias = Literal["string", "integer", "number", "boolean", "array", "object", "any"]
TYPES: tuple[Type, ...] = ("string", "integer", "number", "boolean", "array", "object", "any")
VARIABLES_MAX = 256


class NotInEnum(TemplateError):
    """A value is none of those its variable allows. The value itself is not shown: it may be private."""

    def __init__(self, name: str, allowed: Iterable[str]) -> None:
        self.name, self.allowed = name, tuple(sorted(allowed))
        shown = ", ".join(self.allowed[:10]) + (", ..." if len(self.allowed) > 10 else "")
        super().__init__(f"the variable {name} takes one of: {shown}")


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable. ``default``: the text written without a value (``None``: a value is needed); ``enum``: JSON texts."""

    name: str
    type: Type
    default: str | None
    enum: frozenset[str] | None

    @classmethod
    def of(cls, name: str, spec: Mapping[str, Any]) -> Variable:
        """Read a spec. Raises ``TemplateError`` when its default or enum does not fit its type."""
        kind = spec.get("type", "string")
        if kind not in TYPES:
            raise TemplateError(f"the variable {name} has an unknown type")
        bare = cls(name, kind, None, None)
        for value in spec.get("enum", ()):
            bare.text(value)
        enum = frozenset(map(_key, spec["enum"])) if "enum" in spec else None
        default = cls(name, kind, None, enum).text(spec["default"]) if "default" in spec else None
        return cls(name, kind, "" if default is None and not is_needed(spec) else default, enum)

    def text(self, value: object) -> str:
        """What ``value`` writes: a string as it is, another JSON value as compact JSON. Raises ``WrongType``, ``NotInEnum``."""
        got = type_name(value)
        if not (got == self.type or (self.type == "any" and got in _JSON) or (self.type == "number" and got == "integer")):
            raise WrongType(self.name, self.type, got)
        try:
            text, key = value if isinstance(value, str) else _compact(value), _key(value)
        except (TypeError, ValueError, RecursionError):  # something inside it: NaN, a date, itself
            raise WrongType(self.name, self.type, "what JSON cannot write") from None
        if self.enum is not None and key not in self.enum:
            raise NotInEnum(self.name, self.enum)
        return text


class Contract:
    """All variables of a prompt, ready to check the values of one render after the other."""

    __slots__ = ("_defaults", "_strings", "_variables", "names")

    def __init__(self, specs: Mapping[str, Mapping[str, Any]], used: Iterable[str] = ()) -> None:
        """``used``: the variables that stand in the texts; one that has no spec is a required string."""
        self._variables = {name: Variable.of(name, specs.get(name, {})) for name in {**specs, **dict.fromkeys(used)}}
        if len(self._variables) > VARIABLES_MAX:
            raise TemplateError(f"{len(self._variables)} variables; at most {VARIABLES_MAX}")
        self._defaults = {name: v.default for name, v in self._variables.items() if v.default is not None}
        # What takes any string needs no look at the value: the usual case, and the quick one.
        self._strings = frozenset(n for n, v in self._variables.items() if v.enum is None and v.type in ("string", "any"))
        self.names = frozenset(self._variables)

    def texts(self, values: Mapping[str, object]) -> tuple[dict[str, str], list[str]]:
        """The text of every variable, and the names in ``values`` that are none.

        Raises ``MissingVariables`` (naming all of them), ``WrongType``, ``NotInEnum``.
        """
        texts, others, strings = self._defaults.copy(), [], self._strings
        for name, value in values.items():
            if type(value) is str and name in strings:
                texts[name] = value
            elif name in self._variables:
                texts[name] = self._variables[name].text(value)
            else:
                others.append(name)
        if len(texts) < len(self._variables):
            raise MissingVariables(self.names - texts.keys())
        return texts, others


def is_needed(spec: Mapping[str, Any]) -> bool:
    """Whether a render without this variable is refused."""
    return "default" not in spec and bool(spec.get("required", True))


def type_name(value: object) -> str:
    """The JSON type of a value, in the words of a contract; what is no JSON value gets a name that is none of them."""
    match value:
        case None:
            return "null"
        case bool():  # before int: True is one in Python, but not in JSON
            return "boolean"
        case float():
            return "number" if math.isfinite(value) else "a number that is not finite"
        case str():
            return "string"
        case int():
            return "integer"
        case list() | tuple():
            return "array"
        case dict():
            return "object"
    return type(value).__name__


_JSON = frozenset({*TYPES, "null"}) - {"any"}


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _key(value: object) -> str:
    """Equal for equal JSON values: 1.0 is 1, true is not, and the order of members does not count."""
    whole = int(value) if isinstance(value, float) and value.is_integer() else value
    return json.dumps(whole, ensure_ascii=False, sort_keys=True, allow_nan=False)
