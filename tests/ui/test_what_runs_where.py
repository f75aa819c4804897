"""The first page: its numbers are the status's, its commands work as they stand, and nobody's words become markup."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path

from cuebook_server.services import environments
from cuebook_server.ui import overview, what_runs_where
from cuebook_server.ui.overview import Overview
from tests.factories import Registry
from tests.people import PROJECT
from tests.ui.test_html import Reader

NAUGHTY = json.loads((Path(__file__).parents[1] / "data/naughty-strings/blns.json").read_text(encoding="utf-8"))


def seen(registry: Registry, after: str = "") -> Overview:
    with registry.units.read() as uow:
        return overview.look(registry.people.owner.actor, uow, PROJECT, after)


def shown(registry: Registry) -> str:
    return Reader(what_runs_where.page(seen(registry)).decode()).text


def commands(registry: Registry) -> list[list[str]]:
    """Every `cuebook` command of the page, as a shell reads it."""
    page = what_runs_where.page(seen(registry)).decode()
    lines = [Reader(part.partition("</code>")[0]).text for part in page.split('<pre class="command"><code>')[1:]]
    return [shlex.split(line) for line in lines if line.startswith("cuebook ")]


def cells(registry: Registry, name: str) -> list[tuple[str, str]]:
    """The class and the number of a prompt's cells."""
    row = what_runs_where.page(seen(registry)).decode().partition(f">{name}</th>")[2].partition("</tr>")[0]
    read = [Reader(f"<td{cell}") for cell in row.split("<td")[1:]]
    return [(dict(cell.attributes).get("class") or "", cell.text[0]) for cell in read]


def test_a_cell_has_a_colour_only_where_environments_differ(registry: Registry) -> None:
    registry.save("a.same", "x")
    registry.ship("a.same", 1)
    registry.save("b.new", "x")
    registry.save("b.new", "y")
    registry.promote("b.new@1", to="staging")
    assert cells(registry, "a.same") == [("", "1"), ("", "1"), ("", "1")]
    assert cells(registry, "b.new") == [("newest", "2"), ("late", "1"), ("absent", "–")]


def test_what_waits_one_stop_before_is_ready_to_ship(registry: Registry) -> None:
    registry.save("a.b", "x")
    registry.ship("a.b", 1)
    registry.save("a.b", "y")
    registry.promote("a.b@2", to="staging")
    assert [(found.version, found.target, found.serves) for found in seen(registry).shippable] == [(2, "production", 1)]


def test_after_a_rollback_nobody_is_told_to_ship_older_text(registry: Registry) -> None:
    registry.save("a.b", "x")
    registry.save("a.b", "y")
    for version in (1, 2):
        registry.ship("a.b", version)
    registry.rollback("a.b", to="staging")
    assert [found.target for found in seen(registry).shippable] == ["staging"]


def test_a_promotion_can_be_taken_back_with_the_words_shown(registry: Registry) -> None:
    registry.save("a.b", "x")
    registry.save("a.b", "y")
    for version in (1, 2):
        registry.promote(f"a.b@{version}", to="staging")
    assert ["cuebook", "rollback", "a.b", "--in", "staging", "-m", "why"] in commands(registry)
    registry.rollback("a.b", to="staging")
    assert "rollback" not in {words[1] for words in commands(registry)}


def test_one_person_decides_until_another_could_approve(registry: Registry) -> None:
    step = ["cuebook", "env", "preset", "production", "team"]
    assert "production is solo: one person decides." in shown(registry)
    assert step not in commands(registry)
    registry.hire("reviewer", "reviewer")
    assert step in commands(registry)


def test_who_did_what_and_why(registry: Registry) -> None:
    registry.save("a.b", "x", message="Shorter")
    registry.clock.tick(3_600)
    registry.promote("a.b", to="staging", reason="The pilot desk liked it")
    text = shown(registry)
    assert "owner saved a.b new → 1Shorter1 hour ago" in text.replace("\u00a0", " ")
    assert "owner promoted a.b new → 1The pilot desk liked itjust now" in text.replace("\u00a0", " ")


def test_an_empty_project_says_how_to_begin(registry: Registry) -> None:
    assert "No prompts here yet." in shown(registry)
    assert [words[4] for words in commands(registry) if words[1] == "promote"] == ["staging", "production"]


def test_every_prompt_is_on_some_page(registry: Registry) -> None:
    names = [f"p{number:03}" for number in range(overview.ROWS_MAX + 1)]
    for name in names:
        registry.save(name, "x")
    first = seen(registry)
    assert [row.prompt for row in (*first.rows, *seen(registry, first.after).rows)] == names


def test_naughty_words_are_shown_and_make_no_markup(registry: Registry) -> None:
    registry.save("a.b", "x", message="harmless")
    plain = seen(registry)
    (entry,) = plain.entries
    naughty = replace(plain, entries=[replace(entry, why=words, actor=words) for words in NAUGHTY])
    page, harmless = what_runs_where.page(naughty).decode(), what_runs_where.page(plain).decode()
    assert set(Reader(page).tags) == set(Reader(harmless).tags)
    read = Reader(page).text
    assert not [words for words in NAUGHTY if words.strip() and words.replace("\r", "\n") not in read]


def test_the_numbers_are_those_of_the_status(registry: Registry) -> None:
    registry.save("a.b", "x")
    _, rows = registry.ask(environments.status, prompts=[], after="", limit=10)
    assert list(seen(registry).rows) == list(rows)
