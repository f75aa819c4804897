"""Folders of prompt, Markdown and text files."""

from __future__ import annotations

from pathlib import Path

import pytest

from cuebook.errors import Invalid
from cuebook.files import PromptFile, write_file
from cuebook.importing import Options, read
from tests.importing.reading import items, problems, text


def test_folders_are_dots_and_texts_are_exact(tmp_path: Path) -> None:
    (tmp_path / "Support Team").mkdir()
    (tmp_path / "Support Team" / "Triage.md").write_bytes(b"Sort {{x}}\r\n")
    (tmp_path / "a.txt").write_bytes(b"no end")
    found = items(tmp_path)
    assert [(item.name, text(item)) for item in found] == [("support-team.triage", "Sort {{x}}\r\n"), ("a", "no end")]


def test_a_prompt_file_brings_everything_it_says(tmp_path: Path) -> None:
    content = {"kind": "chat", "engine": "simple", "messages": [{"role": "user", "content": "{{x}}"}]}
    write_file(PromptFile("support.triage", content, "Sorts", "ops", ("mail",)), tmp_path)
    [item] = items(tmp_path, Options(literal=True))
    assert (item.name, item.content, item.description, item.owner, item.tags) == (
        "support.triage", content, "Sorts", "ops", ("mail",)
    )  # fmt: skip


def test_literal_keeps_braces_from_meaning_anything(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("{{> gone}} {{x}}")
    assert text(items(tmp_path, Options(literal=True))[0]) == "{{{{> gone}} {{{{x}}"


def test_other_files_hidden_ones_and_links_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    (tmp_path / ".hidden.md").write_text("x")
    (tmp_path / ".git.d").mkdir()
    (tmp_path / ".git.d" / "a.md").write_text("x")
    (tmp_path / "link.md").symlink_to("/etc/hostname")
    assert list(read(tmp_path, Options())) == []


def test_bad_files_are_reported_and_the_rest_goes_in(tmp_path: Path) -> None:
    (tmp_path / "binary.txt").write_bytes(b"a\x00b")
    (tmp_path / "empty.md").write_bytes(b" \n")
    (tmp_path / "good.md").write_text("x")
    (tmp_path / "latin.md").write_bytes(b"ok\nM\xfcnchen")
    (tmp_path / "odd.prompt.yaml").write_text("a: &x 1")
    assert [item.name for item in items(tmp_path)] == ["good"]
    assert problems(tmp_path) == [
        ("refused", "binary.txt", "it is binary (it holds a NUL)"),
        ("skipped", "empty.md", "it is empty"),
        ("refused", "latin.md", "it is not UTF-8 (byte 4, line 2)"),
        ("refused", "odd.prompt.yaml", "anchors and aliases are not read (line 1)"),
    ]


def test_the_key_is_that_of_the_content(tmp_path: Path) -> None:
    for name, said in (("a.md", "x"), ("b.md", "x"), ("c.md", "y")):
        (tmp_path / name).write_text(said)
    one, same, other = (item.import_key for item in items(tmp_path))
    assert one == same != other


def test_a_pattern_chooses_files(tmp_path: Path) -> None:
    for name in ("a/system.md", "a/user.md", "b/c/system.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    assert [item.name for item in items(tmp_path, Options(match="*/system.md"))] == ["a.system", "b.c.system"]


def test_a_single_file_is_named_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "hello.md").write_text("x")
    assert [item.name for item in items(tmp_path / "hello.md", Options(prefix="p"))] == ["p.hello"]


@pytest.mark.parametrize("name", ["missing", "a.docx"])
def test_what_nobody_can_read_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.docx").write_bytes(b"PK")
    with pytest.raises(Invalid):
        read(tmp_path / name, Options())
