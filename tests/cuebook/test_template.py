"""The `simple` engine: laws first, then the cases other engines publish."""

from __future__ import annotations

import json
import re
import re._parser as sre  # type: ignore[import-not-found]  # how else to look inside a compiled pattern
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from cuebook import template
from cuebook.template import Include, Literal, Slot, escape, flatten, parse, unescape
from cuebook_server.domain.errors import BadName
from cuebook_server.domain.names import prompt_name

DATA = Path(__file__).parents[1] / "data"
SHARED = Path(__file__).parents[3] / "shared" / "data"

# Text in which tags, and what nearly is one, turn up all the time.
PIECES = [
    "{",
    "{{",
    "{{{{",
    "}",
    "}}",
    "{{a}}",
    "{{ b\t}}",
    "{{> f}}",
    "{{>f.g }}",
    "a",
    "b",
    ">",
    " ",
    "\n",
    "²",
    "é",
    ".",
    "-",
]
hostile = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=20).map("".join)
VALUES = {"a": "1", "b": "{{a}}{{{{", "é": "", "aa": "x", "ab": "y", "ba": "z"}


def render(text: str, values: dict[str, str] | None = None) -> str:
    return parse(text).render(values or {})


class Anything(dict[str, str]):
    """Values for whatever a text asks for; each looks like a tag."""

    def __missing__(self, name: str) -> str:
        return "{{" + name + "}}"


@given(hostile)
def test_what_was_escaped_renders_as_it_was(text: str) -> None:
    assert render(escape(text)) == text


@given(hostile)
def test_unescape_undoes_escape(text: str) -> None:
    assert unescape(escape(text)) == text


@given(hostile)
def test_segments_print_the_source(text: str) -> None:
    assert "".join(segment.source for segment in parse(text).segments) == text


@given(hostile)
def test_neighbouring_literals_are_one(text: str) -> None:
    kinds = [type(segment) for segment in parse(text).segments]
    assert (Literal, Literal) not in list(pairwise(kinds))


@given(hostile, st.dictionaries(st.sampled_from("ab"), hostile))
def test_values_are_never_expanded(text: str, values: dict[str, str]) -> None:
    """Rendering with marks and putting the values there afterwards gives the same."""
    parsed = parse(flatten(text, {"f": "", "f.g": ""}))
    values = Anything(values)
    marks = {name: f"\ue000{index}\ue001" for index, name in enumerate(parsed.variables)}
    marked = parsed.render(marks)
    expected = re.sub("\ue000(\\d+)\ue001", lambda m: values[parsed.variables[int(m[1])]], marked)
    assert "\ue000" in text or parsed.render(values) == expected


@given(hostile, st.fixed_dictionaries({"f": hostile, "f.g": hostile}))
@example("{{> f}}a}}", {"f": "{{", "f.g": ""})
@example("{{> f}}{{a}}", {"f": "{{", "f.g": ""})
@example("{{{> f}}", {"f": "{a}}", "f.g": ""})
@example("{{{{{> f}}", {"f": "{a}}", "f.g": ""})
def test_flattening_keeps_the_meaning_of_every_part(text: str, fragments: dict[str, str]) -> None:
    fragments = {name: flatten(fragment, {"f": "", "f.g": ""}) for name, fragment in fragments.items()}
    values, expected = Anything(), ""
    for segment in parse(text).segments:
        match segment:
            case Literal():
                expected += segment.text
            case Slot(name=name):
                expected += values[name]
            case Include(name=name):
                expected += parse(fragments[name]).render(values)
    assert parse(flatten(text, fragments)).render(values) == expected


@given(hostile, hostile)
def test_a_fragment_between_spaces_stands_as_it_was_written(text: str, fragment: str) -> None:
    fragment = f" {fragment} "
    assert fragment in flatten(f"{escape(text)} {{{{> f}}}} ", {"f": fragment})


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{a}}{{ a }}{{\r\n\ta }}", "111"),
        ("{{{a}}}", "{1}"),
        ("{{{{a}}", "{{a}}"),
        ("{{{{{a}}", "{{{a}}"),
        ("{{{{{{a}}", "{{1"),
        ("{{\u00a0a}} {{a\v}}", "{{\u00a0a}} {{a\v}}"),
        ("{{1a}} {{²}} {{aⅧ}}", "{{1a}} {{²}} {{aⅧ}}"),
        ("{{> A}} {{> a..b}} {{> a-}} {{>}} {{> .a}}", "{{> A}} {{> a..b}} {{> a-}} {{>}} {{> .a}}"),
    ],
)  # fmt: skip
def test_what_is_a_tag_and_what_is_not(source: str, expected: str) -> None:
    assert render(source, {"a": "1"}) == expected


@pytest.mark.parametrize(
    "text", ["{{ a.b }}", "{{a b}}", "{{a|b}}", "{{#a}}", "{{}}", "{{ }}", "{a}", "${{ a.x }}", "{% a %}", "{{"]
)
def test_other_peoples_braces_stay(text: str) -> None:
    assert render(text, {"a": "1"}) == text


def test_identifiers_are_letters_digits_underscores_64_at_most() -> None:
    longest = "ü" * 64
    assert parse(f"{{{{{longest}}}}} {{{{{longest}x}}}} {{{{_1}}}} {{{{名前٣}}}}").variables == (longest, "_1", "名前٣")
    assert template.is_identifier(longest)
    assert not any(map(template.is_identifier, ["", "1", "a.b", "a ", "²", longest + "x", "a\n"]))


@given(st.from_regex(r"[a-z0-9_.-]{1,12}", fullmatch=True) | st.sampled_from(["a" * 200, "a" * 201]))
def test_an_include_names_what_a_prompt_may_be_called(name: str) -> None:
    try:
        prompt_name(name)
    except BadName:
        assert parse(f"{{{{> {name} }}}}").includes == ()
    else:
        assert parse(f"{{{{> {name} }}}}").includes == (name,)


def test_names_come_in_order_of_first_appearance() -> None:
    parsed = parse("{{b}}{{a}}{{> z}}{{b}}{{> y}}{{> z}}")
    assert (parsed.variables, parsed.includes, dict(parsed.counts)) == (("b", "a"), ("z", "y"), {"b": 2, "a": 1})


def test_all_missing_variables_are_named() -> None:
    with pytest.raises(template.MissingVariables, match="missing variables: a, c") as caught:
        render("{{c}}{{b}}{{a}}", {"b": ""})
    assert caught.value.names == ("a", "c")


@pytest.mark.parametrize("text", ["{{a}}", "{{a}}{{b}}"])
def test_a_value_that_is_no_string_is_refused(text: str) -> None:
    with pytest.raises(template.WrongType, match="the variable a takes string, not int"):
        parse(text).render({"a": 1, "b": ""})  # type: ignore[dict-item]  # that is the point


def test_an_include_that_was_not_flattened_is_refused() -> None:
    with pytest.raises(template.UnresolvedIncludes, match=r"a\.b"):
        render("{{> a.b}}")
    with pytest.raises(template.UnresolvedIncludes, match=r"a\.b"):
        flatten("{{> a.b}}", {})


def test_flattening_is_bounded_before_anything_is_built() -> None:
    with pytest.raises(template.RenderTooLarge) as caught:
        flatten("{{> f}}" * 100_000, {"f": "x" * 1_000_000})
    assert caught.value.size == 100_000 * 1_000_000


# --- linear on hostile input ---------------------------------------------------------------------------------------------
def operations(tree: Any) -> Iterator[tuple[str, Any]]:
    """Every operation in a parsed pattern."""
    for operation, argument in tree:
        yield str(operation), argument
        parts = argument if isinstance(argument, tuple | list) else [argument]
        for part in [inner for outer in parts for inner in (outer if isinstance(outer, list) else [outer])]:
            if isinstance(part, sre.SubPattern):
                yield from operations(part)


def test_every_repeat_of_the_pattern_has_one_way_to_match() -> None:
    """Of one character it is possessive. Of more, each round begins with what no round before it can have taken."""
    found = list(operations(sre.parse(template.TAG.pattern)))
    characters = [argument[2] for operation, argument in found if operation == "POSSESSIVE_REPEAT"]
    rounds = [argument[2] for operation, argument in found if operation == "MAX_REPEAT"]
    assert characters
    assert {(len(body), str(body[0][0])) for body in characters} == {(1, "IN")}
    assert {str(body[0]) for body in rounds} == {
        "(LITERAL, 46)",
        "(POSSESSIVE_REPEAT, (1, MAXREPEAT, [(IN, [(LITERAL, 95), (LITERAL, 45)])]))",
    }
    assert not {operation for operation, _ in found} & {"MIN_REPEAT", "GROUPREF", "ASSERT"}


@given(hostile)
def test_an_attempt_looks_no_further_than_the_next_brace(text: str) -> None:
    """With the test above: what one attempt reads, no later one reads again, but for the braces it began with."""
    for start in [match.start() for match in re.finditer(r"(?=\{\{)", text)]:
        brace = text.find("{", start + 2)
        end = len(text) if brace == -1 else max(brace, start + 4)
        assert str(template.TAG.match(text, start)) == str(template.TAG.match(text, start, end))


# --- other engines' cases ------------------------------------------------------------------------------------------------
def mustache_cases() -> list[Any]:
    """Flat ``{{name}}`` tags, a value for each, and nothing that HTML would escape."""
    cases = json.loads((DATA / "mustache-spec" / "interpolation.json").read_text("utf-8"))["tests"]
    tags = [(case, re.findall(r"\{\{.*?\}\}+", case["template"])) for case in cases]
    return [
        pytest.param(case, id=case["name"])
        for case, found in tags
        if all(re.fullmatch(r"\{\{ ?\w+ ?\}\}", tag) for tag in found)
        and case["name"] not in {"HTML Escaping", "Basic Null Interpolation", "Basic Context Miss Interpolation"}
    ]


def test_enough_mustache_cases_fit() -> None:
    assert len(mustache_cases()) == 8


@pytest.mark.parametrize("case", mustache_cases())
def test_mustache(case: dict[str, Any]) -> None:
    assert render(case["template"], {name: str(value) for name, value in case["data"].items()}) == case["expected"]


def dotprompt_cases() -> list[Any]:
    groups = yaml.safe_load((DATA / "dotprompt-spec" / "unicode.yaml").read_text("utf-8"))
    flat = [group for group in groups if group["name"] not in {"unicode_nested", "unicode_iteration"}]
    return [pytest.param(group["template"], test, id=test["desc"]) for group in flat for test in group["tests"]]


def test_enough_dotprompt_cases_fit() -> None:
    assert len(dotprompt_cases()) == 37


@pytest.mark.parametrize(("text", "test"), dotprompt_cases())
def test_dotprompt_unicode(text: str, test: dict[str, Any]) -> None:
    assert render(text, test["data"]["input"]) == test["expect"]["messages"][0]["content"][0]["text"]


# --- what people really write --------------------------------------------------------------------------------------------
NAUGHTY: list[str] = json.loads((DATA / "naughty-strings" / "blns.json").read_text("utf-8"))


def test_naughty_strings_as_text_and_as_values() -> None:
    assert len(NAUGHTY) == 461
    for text in NAUGHTY:
        assert render(escape(text)) == text
        assert render("<{{a}}>", {"a": text}) == f"<{text}>"


def test_prompts_of_the_world_survive_byte_for_byte() -> None:
    if not SHARED.is_dir():
        pytest.skip("the large data sets are not here: expected in ../shared/data")
    files = [(SHARED / "awesome-chatgpt-prompts" / "prompts.dev.jsonl", "prompt")]
    files += [(path, "content") for path in (SHARED / "histories").glob("*.jsonl")]
    texts = [json.loads(line)[key] for path, key in files for line in path.read_bytes().splitlines()]
    assert len(texts) > 1_010
    assert [render(escape(text)) for text in texts] == texts
