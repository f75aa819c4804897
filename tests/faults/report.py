"""What `make faults` prints at its end: a line for every row, with what was expected and what was seen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import pytest

from tests.faults.rows import IDS, ROWS, Row

MARK = "fault"


def asked_for(config: pytest.Config) -> bool:
    """Whether this run is `make faults`."""
    return bool(config.option.markexpr == MARK)


class Report:
    """A pytest plugin. Marks and what was seen travel in a test's properties, which xdist brings to the one that prints."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._passed: defaultdict[str, int] = defaultdict(int)
        self._wrong: defaultdict[str, list[str]] = defaultdict(list)
        self._skipped: defaultdict[str, list[str]] = defaultdict(list)
        self._seen: defaultdict[str, list[str]] = defaultdict(list)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Note the rows of every test; leave out what `make faults` alone runs."""
        left_out = []
        for item in items:
            for mark in item.iter_markers(MARK):
                assert set(mark.args) <= set(IDS), f"{item.nodeid} proves {mark.args}, which are not all rows of the matrix"
                item.user_properties += [(MARK, row) for row in mark.args]
                if mark.kwargs.get("only") and not asked_for(self._config):
                    left_out.append(item)
        if left_out:
            self._config.hook.pytest_deselected(items=left_out)
            items[:] = [item for item in items if item not in left_out]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what a test said."""
        if report.when != "call" and report.passed:
            return
        for row in [value for name, value in report.user_properties if name == MARK]:
            if report.passed:
                self._passed[str(row)] += 1
            elif report.skipped:
                why = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
                self._skipped[str(row)].append(why.removeprefix("Skipped: "))
            else:
                self._wrong[str(row)].append(report.nodeid)
            self._seen[str(row)] += [str(value) for name, value in report.user_properties if name == "seen"]

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A row that no test tried is a failure of the whole."""
        whole = asked_for(self._config) and not self._config.option.keyword and not hasattr(self._config, "workerinput")
        if whole and session.testscollected and any(self._forgotten(row) for row in ROWS):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the lines."""
        if asked_for(self._config):
            terminalreporter.section("faults")
            for row in ROWS:
                terminalreporter.write_line(self.line(row))

    def line(self, row: Row) -> str:
        """The row's line."""
        verdict, seen = self._verdict(row)
        return f"{row.id} {verdict:8} {row.fault} | expected: {row.expected} | seen: {seen}"

    def _forgotten(self, row: Row) -> bool:
        return not (row.why_not or self._passed[row.id] or self._wrong[row.id] or self._skipped[row.id])

    def _verdict(self, row: Row) -> tuple[str, str]:
        passed, wrong, skipped = self._passed[row.id], self._wrong[row.id], self._skipped[row.id]
        words = _once([f"so, in {passed} tests" if passed > 1 else "so", *self._seen[row.id]])
        if wrong:
            return "FAIL", f"otherwise: {', '.join(wrong)}"
        if passed:
            return "pass", words + (f"; not tried: {_once(skipped)}" if skipped else "")
        if skipped:
            return "not here", _once(skipped)
        return ("not here", row.why_not) if row.why_not else ("not run", "no test of this row was run")


def _once(words: Sequence[str]) -> str:
    return "; ".join(dict.fromkeys(words))
