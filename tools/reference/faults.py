"""The page of faults: what Cuebook was tried with, what is expected, and the tests that show it."""

from __future__ import annotations

from pathlib import Path

from tests.faults.rows import ROWS, TESTS, Row, proofs
from tools.pages import table


def body() -> str:
    """One line for each row."""
    head = ("", "fault", "what is expected", "tests")
    return table(head, [(row.id, row.fault, row.expected, _tests(row)) for row in ROWS])


def _tests(row: Row) -> str:
    return row.why_not or ", ".join(f"[{_name(path)}](../../tests/{path.relative_to(TESTS)})" for path in proofs()[row.id])


def _name(path: Path) -> str:
    return path.stem.removeprefix("test_").replace("_", " ")
