"""import and export against a real server: nothing is lost, nothing moves, a second time changes nothing."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest

from cuebook.importing import Options
from tests.cli.conftest import Command
from tests.importing.reading import SHARED, items, text
from tests.support.server import Server, start_server


@pytest.fixture
def prefix() -> str:
    return f"in-{uuid.uuid4().hex[:10]}"


def digests(cuebook: Command, folder: Path, prefix: str) -> dict[str, str]:
    exported = cuebook("export", str(folder), "--prefix", prefix, "--json").json["items"]
    return {item["name"]: item["digest"] for item in exported}


def test_a_table_goes_in_once_and_its_bad_rows_are_reported(cuebook: Command, tmp_path: Path, prefix: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text("name,text\nGood One,hello {{x}}\nBad One,\nAlso Bad,{{> no.such-fragment}}\n")
    ran = cuebook("import", str(path), "--prefix", prefix)
    assert (ran.code, ran.text.splitlines()[-1]) == (0, "1 created, 0 unchanged, 2 refused")
    assert "line 3" in ran.text
    assert "line 4" in ran.text
    again = cuebook("import", str(path), "--prefix", prefix)
    assert (again.code, again.text.splitlines()[-1]) == (7, "0 created, 1 unchanged, 2 refused")
    literal = cuebook("import", str(path), "--prefix", prefix, "--literal", "--json").json
    assert literal["summary"] == {"created": 2, "unchanged": 0, "refused": 1, "skipped": 0}
    assert cuebook("render", f"{prefix}.also-bad").text == "{{> no.such-fragment}}\n"


def test_importing_again_changes_nothing_even_after_an_edit(cuebook: Command, tmp_path: Path, prefix: str) -> None:
    (tmp_path / "a.md").write_text("one")
    assert cuebook("import", str(tmp_path), "--prefix", prefix).code == 0
    cuebook("save", f"{prefix}.a", "-", stdin=b"edited")
    assert cuebook("import", str(tmp_path), "--prefix", prefix).text == "0 created, 1 unchanged, 0 refused\n"
    assert cuebook("get", f"{prefix}.a").out == b"edited\n"


def test_importing_never_moves_a_pinned_pointer(cuebook: Command, tmp_path: Path, prefix: str) -> None:
    name = f"{prefix}.a"
    cuebook("save", name, "-", stdin=b"one")
    cuebook("promote", name, "--to", "staging")
    (tmp_path / "a.md").write_text("two")
    assert cuebook("import", str(tmp_path), "--prefix", prefix).text.startswith("1 created")
    [item] = cuebook("status", name, "--json").json["items"]
    assert (item["versions"]["development"], item["versions"]["staging"]) == (2, 1)


def test_fragments_may_stand_in_any_order(cuebook: Command, tmp_path: Path, prefix: str) -> None:
    (tmp_path / "a.md").write_text(f"First {{{{> {prefix}.b}}}}")
    (tmp_path / "b.md").write_text(f"then {{{{> {prefix}.c}}}}")
    (tmp_path / "c.md").write_text("last")
    assert cuebook("import", str(tmp_path), "--prefix", prefix).text == "3 created, 0 unchanged, 0 refused\n"
    assert cuebook("render", f"{prefix}.a").text == "First then last\n"


def test_export_then_import_gives_the_same_digests(cuebook: Command, tmp_path: Path, prefix: str, server: Server) -> None:
    texts = [b"plain\n", b"\xef\xbb\xbf---\r\nx", b"---\n---\n", "\x85\u2028\x1b😀\r".encode(), b"{{{{x}} {{tone}}"]
    for number, data in enumerate(texts):
        cuebook("save", f"{prefix}.p{number}", "-", stdin=data)
    (tmp_path / "c.yaml").write_text(
        "kind: chat\ntags: [x]\nmessages: [{role: user, content: 'yes: {{no}}'}]\nmodel: {parameters: {t: 0.1}}\n"
    )
    cuebook("save", f"{prefix}.chat", str(tmp_path / "c.yaml"))
    exported = digests(cuebook, tmp_path / "out", prefix)
    assert len(exported) == len(texts) + 1
    assert cuebook("import", str(tmp_path / "out")).text == "0 created, 6 unchanged, 0 refused\n"
    other = start_server(tmp_path / "other", "--no-demo")
    try:
        there = {"CUEBOOK_URL": other.url, "CUEBOOK_TOKEN": other.token, "CUEBOOK_PROJECT": other.project}
        created = cuebook("import", str(tmp_path / "out"), "--json", environment=there).json["items"]
    finally:
        other.stop()
    assert {item["name"]: item["digest"] for item in created} == exported


def test_what_an_environment_serves_can_be_exported(cuebook: Command, tmp_path: Path, prefix: str) -> None:
    for text_ in (b"one", b"two"):
        cuebook("save", f"{prefix}.a", "-", stdin=text_)
    cuebook("save", f"{prefix}.b", "-", stdin=b"never released")
    cuebook("promote", f"{prefix}.a@1", "--to", "staging")
    cuebook("export", str(tmp_path), "--prefix", prefix, "--version", "staging")
    assert [path.read_bytes() for path in tmp_path.rglob("*.prompt.md")] == [b"one"]
    assert cuebook("export", str(tmp_path), "--prefix", "none.such", "--version", "nowhere").code == 5


def test_a_history_comes_with_its_authors(cuebook: Command, tmp_path: Path, prefix: str) -> None:
    bundle = SHARED / "histories" / "fabric-prompts.bundle"
    if not bundle.exists():
        pytest.skip("the large data sets are not here: expected in ../shared/data")
    wanted = ("import", str(bundle), "--prefix", prefix, "--match", "*/label_and_rate/system.md")
    assert cuebook(*wanted).text.splitlines()[-1] == "12 created, 0 unchanged, 0 refused"
    assert cuebook(*wanted).text.splitlines()[-1] == "0 created, 12 unchanged, 0 refused"
    name = f"{prefix}.data.patterns.label_and_rate.system"
    versions = cuebook("log", name, "--json").json["items"]
    assert versions[-3]["digest"] == versions[-5]["digest"]  # an older text that returned
    assert versions[-1]["provenance"]["author"] == "contributor-52add03eb9"
    found = items(bundle, Options(match="*/label_and_rate/system.md"))
    assert [cuebook("get", name, "--version", str(n)).text for n in (1, 12)] == [text(found[n]) + "\n" for n in (0, 11)]


@pytest.mark.slow
def test_all_of_prompts_chat_goes_in_out_and_in_again(cuebook: Command, tmp_path: Path, prefix: str) -> None:
    path = SHARED / "awesome-chatgpt-prompts" / "prompts.dev.jsonl"
    if not path.exists():
        pytest.skip("the large data sets are not here: expected in ../shared/data")
    wanted = ("import", str(path), "--name", "act", "--text", "prompt", "--prefix", prefix, "--json")
    assert cuebook(*wanted).json["summary"]["created"] == 1010
    assert cuebook(*wanted).json["summary"]["unchanged"] == 1010
    exported = digests(cuebook, tmp_path / "out", prefix)
    again = cuebook("import", str(tmp_path / "out"), "--json").json["items"]
    assert {item["name"]: item["digest"] for item in again if item["status"] == "unchanged"} == exported
    rows = [json.loads(line) for line in path.read_bytes().splitlines()]
    for item, row in list(zip(items(path, Options(name_column="act", text_column="prompt")), rows, strict=True))[::250]:
        assert cuebook("get", f"{prefix}.{item.name}").out == row["prompt"].encode() + b"\n"
