"""The runner of the measurements: what it prints, and that a missed target is an exit code."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from bench import __main__ as bench
from bench.rows import Row
from tools.pages import filled, table


@pytest.mark.parametrize(
    ("row", "reached"),
    [
        (Row("ratio, from below", 9.0, "requests/s", 0.85, 0.80), True),
        (Row("ratio, from below", 9.0, "requests/s", 0.75, 0.80), False),
        (Row("ratio, from above", 9.0, "µs", 2.5, 2.0, "most"), False),
        (Row("value, from above", 280, "MB", None, 300, "most"), True),
        (Row("nothing promised", 1, "s"), None),
    ],
)
def test_a_target_bounds_the_ratio_where_there_is_one_else_the_value(row: Row, reached: bool | None) -> None:
    assert row.reached is reached


def test_a_missed_target_is_seen_kept_on_the_page_and_ends_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    page = tmp_path / "performance.md"
    page.write_text("<!-- generated: measured-slow -->\n<!-- end: measured-slow -->\n")
    monkeypatch.setattr(bench, "PAGE", page)
    slow = SimpleNamespace(run=lambda: [("one prompt", 12_345.6, "requests/s", 0.5, 0.8)])
    monkeypatch.setattr(bench, "measurements", lambda: ["slow"])
    monkeypatch.setattr("importlib.import_module", lambda name: slow)
    assert bench.main(["slow"]) == 1
    assert "one prompt  12,346 requests/s  0.50   ≥ 0.8   **missed**" in capsys.readouterr().out
    assert "| one prompt | 12,346 requests/s | 0.50 | ≥ 0.8 | **missed** |" in page.read_text(encoding="utf-8")


def test_every_measurement_has_its_part_of_the_page() -> None:
    page = bench.PAGE.read_text(encoding="utf-8")
    assert [name for name in bench.measurements() if f"<!-- generated: measured-{name} -->" not in page] == []


def test_an_unknown_measurement_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["nothing"]) == 2
    assert "There is no measurement nothing" in capsys.readouterr().err


def test_only_what_stands_between_the_marks_is_written_anew() -> None:
    page = "before\n<!-- generated: x -->\nold\n<!-- end: x -->\nafter"
    assert filled(page, "x", r"new \1") == "before\n<!-- generated: x -->\n\nnew \\1\n\n<!-- end: x -->\nafter"
    with pytest.raises(ValueError, match="no marks"):
        filled(page, "y", "new")


def test_a_cell_cannot_break_a_table() -> None:
    assert table(("a",), [("b|c\nd",)]) == "| a |\n| --- |\n| b\\|c d |"
