"""Breaking changes of the variable contract."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook import rendering
from cuebook.template import TemplateError
from cuebook.variables import TYPES
from cuebook_server.domain.variables import breaking

NEEDED: dict[str, Any] = {"type": "string", "required": True}
INTEGER = NEEDED | {"type": "integer"}
NUMBER = NEEDED | {"type": "number"}


def kinds(old: dict[str, Any] | None, new: dict[str, Any] | None) -> list[str]:
    """What breaks when the variable ``v`` goes from one spec to another."""
    before, after = ({"variables": {} if spec is None else {"v": spec}} for spec in (old, new))
    found = breaking(before, after)
    assert all(change.variable == "v" and "`v`" in change.sentence for change in found)
    return [change.kind for change in found]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (None, NEEDED, ["needed"]),
        (None, NEEDED | {"default": "x"}, []),
        (None, NEEDED | {"required": False}, []),
        (NEEDED | {"default": "x"}, NEEDED, ["needed"]),
        (NEEDED | {"required": False}, NEEDED, ["needed"]),
        (NEEDED, NEEDED | {"required": False}, []),
        (NEEDED, None, ["dropped"]),
        (NEEDED, INTEGER, ["retyped"]),
        (INTEGER, NUMBER, []),
        (NUMBER, INTEGER, ["retyped"]),
        (NEEDED, NEEDED | {"type": "any"}, []),
        (NEEDED | {"required": False}, INTEGER, ["needed", "retyped"]),
        (NEEDED, NEEDED | {"enum": ["a"]}, ["narrowed"]),
        (NEEDED | {"enum": ["a", "b"]}, NEEDED | {"enum": ["a", "c"]}, ["narrowed"]),
        (NEEDED | {"enum": ["a"]}, NEEDED | {"enum": ["b", "a"]}, []),
        (NEEDED | {"enum": ["a"]}, NEEDED, []),
        (NEEDED, NEEDED | {"description": "new"}, []),
    ],
)
def test_what_breaks(old: dict[str, Any] | None, new: dict[str, Any] | None, expected: list[str]) -> None:
    assert kinds(old, new) == expected


def test_sentences_say_what_changed() -> None:
    old = {"variables": {"b": NEEDED | {"enum": ["x", "y"]}, "c": NEEDED}}
    new = {"variables": {"b": NEEDED | {"enum": ["x"]}, "c": INTEGER, "a": NEEDED}}
    assert [change.sentence for change in breaking(old, new)] == [
        "It needs the variable `a`, which was not needed before.",
        'The variable `b` no longer takes "y".',
        "The variable `c` takes integer instead of string.",
    ]


def test_placeholders() -> None:
    bare: dict[str, Any] = {"messages": []}
    with_history = {"messages": [{"placeholder": "history"}]}
    assert breaking(bare, with_history) == ()
    assert [change.kind for change in breaking(with_history, bare)] == ["dropped"]
    assert [change.kind for change in breaking({"variables": {"history": NEEDED}}, with_history)] == ["retyped"]


specs = st.fixed_dictionaries(
    {"type": st.sampled_from(TYPES[:4]), "required": st.booleans()}, optional={"enum": st.just([1]), "default": st.just(1)}
).filter(lambda spec: spec["type"] in ("integer", "number") or not {"enum", "default"} & spec.keys())
contracts = st.dictionaries(st.sampled_from("abc"), specs, max_size=3)
values = st.dictionaries(st.sampled_from("abc"), st.sampled_from([1, 2, 1.5, True, "x"]))


@given(contracts, contracts, values)
def test_a_call_that_worked_works_after_a_change_that_breaks_nothing(
    old: dict[str, Any], new: dict[str, Any], given_values: dict[str, Any]
) -> None:
    before, after = ({"kind": "text", "text": "x", "variables": contract} for contract in (old, new))
    if breaking(before, after):
        return
    try:
        ignored = rendering.compile(before).render(given_values).ignored
    except TemplateError:
        return
    known = {name: value for name, value in given_values.items() if name not in ignored}
    rendering.compile(after).render(known)


@given(contracts)
def test_nothing_breaks_without_a_change(contract: dict[str, Any]) -> None:
    assert breaking({"variables": contract}, {"variables": contract}) == ()
