"""save, get, render, log, diff, search against a real server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.support.server import Server

NAUGHTY = json.loads((Path(__file__).parents[1] / "data/naughty-strings/blns.json").read_text(encoding="utf-8"))
EXACT = [b"plain", b"\xef\xbb\xbfBOM", b"a\r\nb\rc", b"\n\n x \n", "\x85\u2028😀".encode(), b"\x1b[2J\x07", b"{{{{not}} {%x%}"]


@pytest.mark.parametrize("data", EXACT)
def test_a_text_comes_back_byte_for_byte(cuebook: Command, name: str, data: bytes) -> None:
    assert cuebook("save", name, "-", stdin=data).code == 0
    assert cuebook("get", name).out == data + b"\n"


def test_the_same_content_is_the_same_version(cuebook: Command, name: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one")
    assert cuebook("save", name, str(tmp_path / "a.txt"), "-m", "First").text == f"{name} is version 1, live in development\n"
    assert "already was version 1" in cuebook("save", name, str(tmp_path / "a.txt")).text
    assert cuebook("save", name, "-", "--json", stdin=b"two").json["number"] == 2
    assert cuebook("get", name, "--version", "1").out == b"one\n"


def test_a_base_that_moved_is_a_conflict(cuebook: Command, name: str) -> None:
    for text in (b"one", b"two"):
        cuebook("save", name, "-", stdin=text)
    ran = cuebook("save", name, "-", "--base", "1", stdin=b"three")
    assert ran.code == 6
    assert "newest is 2" in ran.err


def test_a_whole_content_from_yaml_and_front_matter(cuebook: Command, name: str, tmp_path: Path) -> None:
    (tmp_path / "a.prompt.yaml").write_text(
        "description: Sorts\nkind: chat\nmessages:\n- {role: user, content: 'Sort {{x}}'}\n"
    )
    (tmp_path / "b.prompt.md").write_bytes(b"---\nmodel: {name: m}\n---\nHello\r\n")
    assert cuebook("save", name, str(tmp_path / "a.prompt.yaml")).code == 0
    assert cuebook("get", name).text == "[user]\nSort {{x}}\n"
    assert cuebook("save", name, str(tmp_path / "b.prompt.md")).code == 0
    assert cuebook("get", name).out == b"Hello\r\n\n"
    assert cuebook("get", name, "--json").json["content"]["model"] == {"name": "m"}


def test_render_takes_strings_json_and_files(cuebook: Command, name: str, tmp_path: Path) -> None:
    cuebook("save", name, "-", stdin=b"{{a}}|{{b}}|{{c}}")
    (tmp_path / "v.yaml").write_text("a: from file\nb: from file\nunused: 1\n")
    ran = cuebook("render", name, "--vars", str(tmp_path / "v.yaml"), "-v", "b=x=y", "-v", "c=Zoë {{a}}")
    assert ran.text == "from file|x=y|Zoë {{a}}\n"
    assert "unused" in ran.err
    assert cuebook("render", name, "--vars", "-", stdin=b'{"a": "1", "b": "2", "c": "3"}').out == b"1|2|3\n"


def test_a_missing_value_names_the_variable(cuebook: Command, name: str) -> None:
    cuebook("save", name, "-", stdin=b"{{tone}}")
    ran = cuebook("render", name)
    assert (ran.code, ran.out, "tone" in ran.err) == (7, b"", True)


def test_log_lists_newest_first(cuebook: Command, name: str) -> None:
    for text in (b"one", b"two"):
        cuebook("save", name, "-", "-m", text.decode(), stdin=text)
    assert [row["number"] for row in cuebook("log", name, "--json").json["items"]] == [2, 1]
    lines = cuebook("log", name).text.splitlines()
    assert lines[1].split()[:2] == ["2", "development"]
    assert len(cuebook("log", name, "-n", "1").text.splitlines()) == 2


def test_diff_marks_words(cuebook: Command, name: str) -> None:
    cuebook("save", name, "-", stdin=b"Be kind and brief.")
    cuebook("save", name, "-", stdin=b"Be kind and thorough, {{name}}.")
    ran = cuebook("diff", name, "1", "latest")
    assert "[-brief-]" in ran.text
    assert "{+thorough" in ran.text
    assert "name" in cuebook("diff", name, "1", "2", "--json").text
    assert "same content" in cuebook("diff", name, "2", "development").text


def test_search_finds_text(cuebook: Command, name: str) -> None:
    cuebook("save", name, "-", stdin=b"the word xylophonist")
    assert name in cuebook("search", "xylophonist").text
    assert cuebook("search", "xylophonist", "--json").json["items"][0]["live"]["development"] == 1


@pytest.mark.parametrize("arguments", [("get",), ("log",), ("render",), ("diff", "1", "2")])
def test_what_is_not_there_is_not_found(cuebook: Command, arguments: tuple[str, ...]) -> None:
    command, *rest = arguments
    assert cuebook(command, "no.such-prompt", *rest).code == 5


@pytest.mark.parametrize("bad", ["../x", "a%2Fb", "..", "Ω", "a b", "A", "x" * 201, *NAUGHTY[100:140:8]])
def test_what_is_no_name_is_refused(cuebook: Command, bad: str) -> None:
    ran = cuebook("get", "--", bad)
    assert ran.code == 7
    assert "is not a prompt name" in ran.err


@pytest.mark.parametrize("data", [b"\xff", b" \n", b""])
def test_bytes_that_are_no_prompt_are_refused(cuebook: Command, name: str, data: bytes) -> None:
    assert cuebook("save", name, "-", stdin=data).code == 7
    assert cuebook("get", name).code == 5


def test_naughty_strings_go_through_texts_messages_and_values(cuebook: Command, name: str) -> None:
    text = "\n".join(NAUGHTY)
    assert cuebook("save", name, "-", "-m", NAUGHTY[50], stdin=text.encode()).code == 0
    assert cuebook("get", name).out == text.encode() + b"\n"
    cuebook("save", name, "-", stdin=b"{{v}}")
    value = json.dumps({"v": text}).encode()
    assert cuebook("render", name, "--vars", "-", stdin=value).text == text + "\n"


def test_with_a_key_alone_it_sees_what_the_application_sees(bare: Command, server: Server) -> None:
    with_key = {"CUEBOOK_URL": server.url, "CUEBOOK_KEY": server.keys["production"]}
    assert b"facility support" in bare("get", "support.triage", environment=with_key).out
    rendered = bare("render", "support.triage", "-v", "ticket=Broken lamp", environment=with_key)
    assert rendered.out.endswith(b"Broken lamp\n")
    assert bare("get", "support.handover", environment=with_key).code == 5
    assert bare("status", environment=with_key).code == 3


def test_a_token_that_does_not_count_is_not_allowed(cuebook: Command, name: str) -> None:
    assert cuebook("get", name, environment={"CUEBOOK_TOKEN": "cue_svc_nonsense"}).code == 4
