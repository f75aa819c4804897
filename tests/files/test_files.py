"""One file a prompt: what is written comes back, byte for byte, and nothing dangerous is read."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from cuebook.files import BadFile, PromptFile, encode, form_of, name_of, parse, path_of, read_file, same, write_file

NAUGHTY: list[str] = json.loads((Path(__file__).parents[1] / "data/naughty-strings/blns.json").read_text(encoding="utf-8"))
HARD = [
    "",
    "\r",
    "\n",
    "a\r\nb",
    "\x85",
    "\u2028\u2029",
    "\ufeff---\n",
    "---\n---\n",
    "x\n\n",
    " \n",
    "\x07\x1b\x7f",
    "|",
    "😀\n",
]
texts = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(HARD + NAUGHTY)
scalars = (
    texts | st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=8
)
extras = st.fixed_dictionaries(
    {"variables": st.dictionaries(texts, values, max_size=2)}, optional={"model": values, "tools": values}
)
text_contents = st.builds(lambda text, extra: {"kind": "text", "engine": "simple", "text": text} | extra, texts, extras)
messages = st.fixed_dictionaries({"role": st.sampled_from(["system", "user"]), "content": texts})
chat_contents = st.builds(
    lambda said, extra: {"kind": "chat", "engine": "simple", "messages": said} | extra, st.lists(messages, max_size=3), extras
)
prompts = st.builds(
    PromptFile, st.just("support.triage"), text_contents | chat_contents, texts, texts, st.lists(texts, max_size=2).map(tuple)
)


def text_prompt(text: str, **extra: Any) -> PromptFile:
    return PromptFile("greeting", {"kind": "text", "engine": "simple", "text": text, "variables": {}, **extra})


@given(prompts)
def test_what_is_written_comes_back(prompt: PromptFile) -> None:
    form, data = encode(prompt)
    back = parse(data, name=prompt.name, filename=f"triage{form}")
    assert rfc8785.dumps(dict(back.content)) == rfc8785.dumps(dict(prompt.content))
    assert (back.description, back.owner, back.tags) == (prompt.description, prompt.owner, prompt.tags)


@given(texts)
def test_a_text_prompt_stands_in_its_file_byte_for_byte(text: str) -> None:
    form, data = encode(text_prompt(text, model={"name": "m"}))
    assert form == ".prompt.md"
    assert data.endswith(b"\n---\n" + text.encode())


def test_a_text_without_anything_else_is_its_file(tmp_path: Path) -> None:
    path = write_file(text_prompt("Hello {{name}}\r\n"), tmp_path)
    assert path.read_bytes() == b"Hello {{name}}\r\n"


def test_a_chat_is_readable_yaml(tmp_path: Path) -> None:
    content = {"kind": "chat", "engine": "simple", "messages": [{"role": "system", "content": "Be brief.\nBe kind.\n"}]}
    path = write_file(PromptFile("support.triage", content, description="First look", tags=("support",)), tmp_path)
    assert path == tmp_path / "support/triage.prompt.yaml"
    assert "content: |\n    Be brief.\n    Be kind.\n" in path.read_text()
    assert read_file(path, tmp_path).description == "First look"


def test_the_metadata_is_not_in_the_content(tmp_path: Path) -> None:
    path = tmp_path / "a.prompt.yaml"
    path.write_text("description: d\nowner: o\ntags: [x]\naliases: [b]\nkind: text\nengine: simple\ntext: t\n")
    assert read_file(path, tmp_path) == PromptFile(
        "a", {"kind": "text", "engine": "simple", "text": "t"}, "d", "o", ("x",), ("b",)
    )


def test_an_export_in_another_form_takes_the_old_file_away(tmp_path: Path) -> None:
    old = write_file(text_prompt("hi"), tmp_path)
    new = write_file(PromptFile("greeting", {"kind": "chat", "engine": "simple", "messages": []}), tmp_path)
    assert (old.exists(), new.name) == (False, "greeting.prompt.yaml")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"a: &x 1\nb: *x", "anchors"),
        (b"a: [&x [], *x]", "anchors"),
        (b"a: !!python/name:os.system x", "tag"),
        (b"a: 1\na: 2", "twice"),
        (b"1: x", "not a string"),
        (b"a: .nan", "no JSON value"),
        (b"a: " + b"[" * 5000, "deeply"),
        (b"a: \xff", "UTF-8"),
        (b"- a", "one mapping"),
        (b"tags: x", "list of strings"),
        (b"owner: 1", "string"),
        (b"a: 1\n---\nb: 2", "another document"),
    ],
)
def test_what_is_no_json_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(BadFile, match=reason):
        parse(data, name="a", filename="a.prompt.yaml")


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"---\ntext: x\n---\ny", "stands below"), (b"---\na: 1\n", "does not end"), (b"---\n: [\n---\n", "expected")],
)
def test_bad_front_matter_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(BadFile, match=reason):
        parse(data, name="a", filename="a.prompt.md")


def test_a_date_stays_the_string_it_was() -> None:
    assert parse(b"text: 2024-01-01\n", name="a", filename="a.yaml").content == {"text": "2024-01-01"}


@pytest.mark.parametrize("where", ["A.prompt.md", "a..b.prompt.md", "-a.prompt.md", "ä.prompt.md", "a b.prompt.md", "a.txt"])
def test_a_path_that_is_no_name_is_refused(where: str) -> None:
    with pytest.raises(BadFile):
        name_of(Path(where))


@pytest.mark.parametrize("name", ["../x", "a/b", "", "..", "A", "x" * 201])
def test_a_name_never_leads_out_of_the_folder(name: str) -> None:
    with pytest.raises(BadFile):
        path_of(name, ".prompt.md")


def test_names_and_paths_are_each_others_inverse() -> None:
    assert name_of(path_of("support.eu.triage", ".prompt.yaml")) == "support.eu.triage"
    assert form_of("a.prompt.yaml") == ".prompt.yaml"


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s")
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.prompt.md").symlink_to(tmp_path / "secret")
    (root / "folder").symlink_to(tmp_path)
    with pytest.raises(BadFile, match="symbolic"):
        read_file(root / "a.prompt.md", root)
    with pytest.raises(BadFile, match="symbolic"):
        write_file(PromptFile("folder.b", {"kind": "text", "text": ""}), root)


def test_a_way_out_of_the_root_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile):
        read_file(tmp_path / "root" / ".." / "a.prompt.md", tmp_path / "root")
    with pytest.raises(BadFile):
        read_file(Path("/etc/hostname"), tmp_path)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.prompt.md")
    with pytest.raises(BadFile, match="regular"):
        read_file(tmp_path / "a.prompt.md", tmp_path)


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "a.prompt.md").open("wb") as file:
        file.truncate(9 * 1024 * 1024)
    with pytest.raises(BadFile, match="bytes"):
        read_file(tmp_path / "a.prompt.md", tmp_path)


def test_same_looks_at_values_not_at_their_notation() -> None:
    assert same(text_prompt("a", model={"t": 1.0}), text_prompt("a", model={"t": 1}))
    assert not same(text_prompt("a"), text_prompt("a "))
