"""The house rules hold, and each of them can fail: it finds what its bad example does wrong and nothing in the good one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tools import house
from tools.house import File

LONG_FUNCTION = "def f():\n" + "    x = 1\n" * 60
UNPUBLISHED_HOST = "pip install -i https://py" + "pi.org/simple"
UNPUBLISHED_PATH = "see /wo" + "rk/main/notes"

CASES = [
    (house.long_functions, LONG_FUNCTION, "def f():\n" + "    x = 1\n" * 59),
    (house.long_file, "x = 1\n" * 501, "x = 1\n" * 500),
    (house.possessive_groups, "X = r'[a-z]++(?:-[a-z])*+'", "X = r'[a-z]++(?:-[a-z])*\\)?+'"),
    (house.possessive_groups, "X = rf'{A}(?>a|b)'", "X = rf'{A}(?:a|b){{1,2}}'"),
    (house.commits, "def save(tx):\n    tx.commit()", "def save(tx):\n    tx.add()"),
    (house.sql_outside_store, "from sqlalchemy import select", "from cuebook_server.services import ports"),
    (house.sql_outside_store, "def f():\n    import psycopg.rows", "import sqlglot_is_another_thing"),
    (house.impure_domain, "import os", "from datetime import datetime"),
    (house.impure_domain, "import cuebook.client", "import cuebook.template"),
    (house.impure_domain, "from cuebook_server.services import ports", "from cuebook_server.domain import names"),
    (house.impure_domain, "moment = datetime.now(UTC)", "moment = given"),
    (house.executed_data, "text.format(**values)", "'{} of {}'.format(1, 2)"),
    (house.executed_data, "self.text.format_map(values)", "FORM.format(1)"),
    (house.executed_data, "eval(text)", "re.compile(text)"),
    (house.executed_data, "import pickle", "import json"),
    (house.silent_switches, "x = y  # noqa", "x = y  # noqa: S101  the linter cannot see that y is ours"),
    (house.silent_switches, "x = y  # noqa: S101", "x = '# noqa'"),
    (house.silent_switches, "x = y  # type: ignore[arg-type]", "x = y  # type: ignore[arg-type]  # handed on unchanged"),
    (house.silent_skips, "pytest.skip()", "pytest.skip('no network here')"),
    (house.silent_skips, "@pytest.mark.skip\ndef test(): ...", "@pytest.mark.skip(reason='later')\ndef test(): ..."),
    (house.silent_skips, "@pytest.mark.skipif(x)\ndef test(): ...", "@pytest.mark.skipif(x, reason='y')\ndef test(): ..."),
    (house.unpublished, UNPUBLISHED_HOST, "pip install cuebook"),
    (house.unpublished, UNPUBLISHED_PATH, "see frame/work/main"),
    (house.dead_links, "[gone](gone.md)", "[elsewhere](https://example.org/gone.md)"),
    (house.dead_links, "# Here\n[there](#there)", "# Over there!\n[there](#over-there)"),
    (house.empty_headings, "## A\n\n## B\nb", "# All\n\n## A\na\n\n## B\n```\n# b\n```\n## C\nc"),
    (house.dead_links, "[a](b.md) `c`", "`[a](b.md)`\n```\n[a](b.md)\n```\n"),
]


@pytest.mark.parametrize(("rule", "bad", "good"), CASES)
def test_a_rule_finds_the_bad_example_only(rule: Callable[[File], Iterable[house.Finding]], bad: str, good: str) -> None:
    assert len(list(rule(File("src/cuebook_server/x.py", bad)))) == 1
    assert list(rule(File("src/cuebook_server/x.py", good))) == []


def test_every_rule_has_a_bad_example() -> None:
    assert {rule.find for rule in house.RULES} == {case[0] for case in CASES}


def test_only_the_unit_of_work_commits() -> None:
    allowed = File("src/cuebook_server/store/unit_of_work.py", "connection.commit()")
    assert list(house.commits(allowed)) == []


def test_many_functions_between_40_and_60_lines_are_too_many() -> None:
    longish = "".join(f"def f{n}():\n" + "    x = 1\n" * 50 for n in range(3))
    short = "".join(f"def g{n}():\n    pass\n" for n in range(60))
    assert len(list(house.many_long_functions([File("a.py", longish)]))) == 1
    assert list(house.many_long_functions([File("a.py", longish + short)])) == []


def test_a_rule_applies_where_it_should() -> None:
    sql = "import sqlalchemy\n"
    assert len(list(house.broken_rules([File("src/cuebook_server/http/x.py", sql)]))) == 1
    assert list(house.broken_rules([File("src/cuebook_server/store/x.py", sql)])) == []


def test_the_house_is_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    assert list(house.broken_rules(house.tracked_files())) == []
