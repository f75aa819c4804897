"""CSV, tab-separated values, JSON lines and JSON lists."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cuebook.errors import Invalid
from cuebook.importing import Options
from tests.importing.reading import SHARED, items, problems, text


def test_a_csv_by_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'\xef\xbb\xbfact,prompt\r\nLinux Terminal,"Say ""hi""\r\nto {{name}}"\r\nPoet,Rhyme\r\n')
    found = items(path, Options(name_column="act", text_column="prompt"))
    assert [(i.name, text(i), i.description) for i in found] == [
        ("linux-terminal", 'Say "hi"\r\nto {{name}}', "Linux Terminal"),
        ("poet", "Rhyme", "Poet"),
    ]


def test_bad_rows_are_reported_by_line_and_the_rest_goes_in(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'name,text\ngood,x\nshort\nlong,x,y\n,nameless\n"two\nlines",x\nbad,\xff\nlast,z\n')
    assert [item.name for item in items(path)] == ["good", "two-lines", "last"]
    assert [(where, reason) for _, where, reason in problems(path)][:3] == [
        ("line 3", "it has fewer cells than the first row"),
        ("line 4", "it has more cells than the first row"),
        ("line 5", "the column 'name' holds no text"),
    ]
    assert problems(path)[3][1] == "line 8"


def test_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    lines = [
        b'{"title": "A", "prompt": "x\\r\\n"}',
        b"",
        b'{"title": "B", "prompt": 3}',
        b"[1]",
        b'{"a": NaN}',
        b'{"title": "\xff"}',
    ]
    path.write_bytes(b"\n".join(lines))
    assert [(item.name, text(item)) for item in items(path)] == [("a", "x\r\n")]
    assert [where for _, where, _ in problems(path)] == ["line 3", "line 4", "line 5", "line 6"]


def test_a_json_list_and_tabs(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps([{"name": "a", "text": "x"}, 1]))
    (tmp_path / "a.tsv").write_text("name\ttext\na\tx\n")
    assert items(tmp_path / "a.json")[0].content == items(tmp_path / "a.tsv")[0].content
    assert problems(tmp_path / "a.json") == [("refused", "line 2", "it is no JSON object")]


@pytest.mark.parametrize(
    ("options", "said"), [(Options(name_column="nom"), "'nom'"), (Options(text_column="body"), "'body'"), (Options(), "--text")]
)
def test_a_column_that_is_not_there_is_refused(tmp_path: Path, options: Options, said: str) -> None:
    (tmp_path / "a.csv").write_text("name,other\na,x\n")
    with pytest.raises(Invalid, match=said):
        items(tmp_path / "a.csv", options)


@pytest.mark.parametrize("document", ['{"a": 1}', "nonsense", "3"])
def test_json_that_is_no_table_is_refused(tmp_path: Path, document: str) -> None:
    (tmp_path / "a.json").write_text(document)
    with pytest.raises(Invalid):
        items(tmp_path / "a.json")


def test_all_of_prompts_chat() -> None:
    path = SHARED / "awesome-chatgpt-prompts" / "prompts.dev.jsonl"
    if not path.exists():
        pytest.skip("the large data sets are not here: expected in ../shared/data")
    found = items(path, Options(name_column="act", text_column="prompt"))
    rows = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert [text(item) for item in found] == [row["prompt"] for row in rows]
    assert len({item.name for item in found}) == 1010
