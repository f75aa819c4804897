"""No row of the fault matrix is forgotten, and no test proves a row that there is not."""

from __future__ import annotations

import re

import pytest

from tests.faults.report import MARK, Report
from tests.faults.rows import IDS, ROWS, proofs


def test_the_rows_are_numbered_without_a_gap() -> None:
    assert list(IDS) == [f"C-{number:02}" for number in range(1, 31)]


def test_each_row_has_a_test_or_says_why_not() -> None:
    assert [row.id for row in ROWS if bool(proofs()[row.id]) == bool(row.why_not)] == []
    assert set(proofs()) == set(IDS)


def said(outcome: str, longrepr: object = None, *seen: str) -> pytest.TestReport:
    properties = [(MARK, "C-07"), *[("seen", words) for words in seen]]
    return pytest.TestReport("test_x", ("", 0, ""), {}, outcome, longrepr, "call", user_properties=properties)  # type: ignore[arg-type]  # what pytest itself hands over


@pytest.mark.parametrize(
    ("reports", "verdict"),
    [
        ([said("passed", None, "300 flips"), said("passed", None, "300 flips")], "pass .* seen: so, in 2 tests; 300 flips$"),
        ([said("passed"), said("skipped", ("", 0, "Skipped: no disk"))], "pass .* seen: so; not tried: no disk$"),
        ([said("passed"), said("failed")], "FAIL .* seen: otherwise: test_x$"),
        ([said("skipped", ("", 0, "Skipped: only root can"))], "not here .* seen: only root can$"),
        ([], "not run .* seen: no test of this row was run$"),
    ],
)
def test_a_line_says_what_was_seen(reports: list[pytest.TestReport], verdict: str, pytestconfig: pytest.Config) -> None:
    table = Report(pytestconfig)
    for report in reports:
        table.pytest_runtest_logreport(report)
    row = next(row for row in ROWS if row.id == "C-07")
    assert re.match(f"C-07 {verdict}", table.line(row))
    assert f"expected: {row.expected}" in table.line(row)
