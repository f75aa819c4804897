"""The page about policies names every rule, with the default the code has."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

from cuebook_server.domain.policy import PRESETS, Approvals, Freeze, Policy

PAGE = (Path(__file__).parents[2] / "docs/reference/policy.md").read_text(encoding="utf-8")


def table(heading: str) -> dict[str, str]:
    """The first column of the table below a heading, with the second."""
    section = PAGE.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", section, re.MULTILINE))


def test_every_rule_stands_in_the_page_with_its_default() -> None:
    rules = table("Rules")
    assert list(rules) == [field.name for field in fields(Policy)]
    defaults = Policy().to_json()
    assert [name for name in rules if name != "approvals" and json.loads(rules[name].strip("`")) != defaults[name]] == []


def test_every_member_of_approvals_and_freezes_stands_in_the_page() -> None:
    approvals, defaults = table("Approvals"), Policy().to_json()["approvals"]
    assert list(approvals) == [field.name for field in fields(Approvals)]
    assert {name: json.loads(told.strip("`")) for name, told in approvals.items()} == defaults
    assert list(table("Freeze")) == [field.name for field in fields(Freeze)]


def test_every_preset_stands_in_the_page() -> None:
    counts = {name: Policy().changed(rules).approvals.count for name, rules in PRESETS.items()}
    assert {name: int(count) for name, count in table("Presets").items()} == counts
