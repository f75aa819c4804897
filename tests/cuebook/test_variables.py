"""The variable contract: which values are taken, and what each writes."""

from __future__ import annotations

import datetime
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook.template import MissingVariables, TemplateError, WrongType
from cuebook.variables import TYPES, Contract, NotInEnum, Variable, type_name

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
json_values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


def text(value: object, **spec: Any) -> str:
    return Variable.of("v", spec).text(value)


@pytest.mark.parametrize(
    ("kind", "value", "written"),
    [
        ("string", "as it is\n{{v}}", "as it is\n{{v}}"),
        ("integer", 7, "7"),
        ("number", 7, "7"),
        ("number", 0.5, "0.5"),
        ("boolean", True, "true"),
        ("array", ["é", 1, None], '["é",1,null]'),
        ("object", {"a": {"b": False}}, '{"a":{"b":false}}'),
        ("any", None, "null"),
        ("any", "text", "text"),
        ("any", [1], "[1]"),
    ],
)
def test_what_a_value_writes(kind: str, value: object, written: str) -> None:
    assert text(value, type=kind) == written


@pytest.mark.parametrize(
    ("kind", "value", "got"),
    [
        ("integer", True, "boolean"),
        ("number", True, "boolean"),
        ("integer", 1.5, "number"),
        ("string", 1, "integer"),
        ("string", None, "null"),
        ("boolean", "true", "string"),
        ("array", {}, "object"),
        ("object", [], "array"),
        ("number", math.nan, "a number that is not finite"),
        ("any", math.inf, "a number that is not finite"),
        ("any", datetime.date(2026, 1, 1), "date"),
        ("any", b"bytes", "bytes"),
        ("array", [math.nan], "what JSON cannot write"),
        ("object", {"at": datetime.date(2026, 1, 1)}, "what JSON cannot write"),
    ],
)
def test_a_wrong_type_is_refused_by_name_and_never_quoted(kind: str, value: object, got: str) -> None:
    with pytest.raises(WrongType, match=f"^the variable v takes {kind}, not {got}$") as caught:
        text(value, type=kind)
    assert (caught.value.name, caught.value.expected, caught.value.got) == ("v", kind, got)


def test_a_value_that_holds_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(WrongType):
        text(loop, type="array")


@given(json_values, st.sampled_from(TYPES))
def test_a_value_is_refused_or_written_as_itself(value: object, kind: str) -> None:
    fits = kind in ("any", type_name(value)) or (kind, type_name(value)) == ("number", "integer")
    if not fits:
        with pytest.raises(WrongType):
            text(value, type=kind)
    elif isinstance(value, str):
        assert text(value, type=kind) == value
    else:
        assert json.loads(text(value, type=kind)) == value


def test_an_enum_takes_equal_json_values_only() -> None:
    allowed = {"type": "any", "enum": [1, "1", {"a": 1, "b": 2}]}
    assert [text(v, **allowed) for v in (1, 1.0, "1", {"b": 2, "a": 1})] == ["1", "1.0", "1", '{"b":2,"a":1}']
    for other in (True, "2", None, 2, {"a": 1}):
        with pytest.raises(NotInEnum):
            text(other, **allowed)


def test_a_refused_value_is_not_shown_but_what_is_allowed_is() -> None:
    with pytest.raises(NotInEnum, match='the variable v takes one of: "cold", "warm"') as caught:
        text("private", enum=["warm", "cold"])
    assert "private" not in str(caught.value)


@pytest.mark.parametrize(
    "spec",
    [
        {"type": "text"},
        {"type": "integer", "default": "1"},
        {"enum": ["a"], "default": "b"},
        {"type": "integer", "enum": ["a"]},
    ],
)
def test_a_contract_may_not_contradict_itself(spec: dict[str, Any]) -> None:
    with pytest.raises(TemplateError):
        Variable.of("v", spec)


def test_all_missing_variables_are_named() -> None:
    contract = Contract({"a": {}, "b": {"type": "integer"}, "c": {"default": "x"}, "d": {"required": False}}, used=["e", "a"])
    with pytest.raises(MissingVariables) as caught:
        contract.texts({"e": "1"})
    assert caught.value.names == ("a", "b")


def test_defaults_stand_in_and_optional_ones_write_nothing() -> None:
    contract = Contract({"a": {"required": True, "default": [1]} | {"type": "array"}, "b": {"required": False}})
    assert contract.texts({}) == ({"a": "[1]", "b": ""}, [])
    assert contract.texts({"b": "2"}) == ({"a": "[1]", "b": "2"}, [])


def test_what_nobody_declared_is_handed_back() -> None:
    assert Contract({"a": {}}).texts({"z": 1, "a": "", "y": "2"}) == ({"a": ""}, ["z", "y"])


def test_a_contract_is_bounded() -> None:
    assert len(Contract({}, used=[f"v{i}" for i in range(256)]).names) == 256
    with pytest.raises(TemplateError, match="257 variables; at most 256"):
        Contract({"more": {}}, used=[f"v{i}" for i in range(256)])
