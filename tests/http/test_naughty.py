"""The naughty strings: as bodies, values, messages and reasons they come back exactly; as names they are refused clearly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.factories import text
from tests.http.conftest import Site
from tests.http.problems import code

NAUGHTY: list[str] = json.loads((Path(__file__).parents[1] / "data/naughty-strings/blns.json").read_text(encoding="utf-8"))
BODIES = [string for string in NAUGHTY if string.strip()]  # an empty text is no prompt
NAMES = {"undefined", "undef", "null", "none", "true", "false", "nil", "0", "1", "hasownproperty", "then"}


def escaped(string: str) -> str:
    """As a text that is no template: what would be a variable is written literally."""
    return string.replace("{{", "{{{{")


def test_as_bodies_and_messages_they_come_back_exactly(site: Site) -> None:
    items = [
        {"name": f"n{number:04}", "content": text(escaped(string)), "message": string.replace("\x00", "")}
        for number, string in enumerate(BODIES)
    ]
    for start in range(0, len(items), 100):
        answer = site.post("imports", {"items": items[start : start + 100]})
        assert [row for row in answer.json()["items"] if row["status"] != "created"] == []
    for item, string in zip(items[::20], BODIES[::20], strict=True):
        found = site.get(f"prompts/{item['name']}/versions/1").json()
        assert (found["content"]["text"], found["message"]) == (escaped(string), item["message"])
        assert site.post(f"prompts/{item['name']}/render", {}).json()["text"] == string


def test_as_values_they_are_never_looked_at_again(site: Site) -> None:
    site.registry.save("a", "<{{x}}>")
    for string in [*NAUGHTY[::5], "{{x}}", "{{> a}}", "{{{{"]:
        answer = site.post("prompts/a/render", {"variables": {"x": string}})
        assert answer.json()["text"] == f"<{string}>"


def test_as_reasons_they_are_kept_in_the_release_and_the_chain(site: Site) -> None:
    for content in ("x", "y"):
        site.registry.save("a", content)
    strings = [string for string in NAUGHTY[::10] if string.strip() and "\x00" not in string]
    for number, string in enumerate(strings):
        release = {"environment": "staging", "items": [{"prompt": "a", "version": 1 + number % 2}], "reason": string}
        answer = site.post("releases", release)
        assert answer.status_code == 201, answer.text
        assert answer.json()["reason"] == string
    assert [entry["reason"] for entry in site.registry.audit() if entry["action"] == "release.promote"] == strings


def test_as_names_they_are_refused(site: Site) -> None:
    items = [{"name": string, "content": text("x")} for string in NAUGHTY if string not in NAMES]
    for start in range(0, len(items), 100):
        rows = site.post("imports", {"items": items[start : start + 100]}).json()["items"]
        assert {row["name"]: row["code"] for row in rows if row["code"] != "bad_name"} == {
            row["name"]: None for row in rows if row["status"] == "created"
        }
        assert all(row["name"].replace("-", "").replace("_", "").replace(".", "").isalnum() for row in rows if not row["code"])


@pytest.mark.parametrize("field", ["name", "environment"])
def test_as_names_of_environments_and_projects_they_are_refused(site: Site, field: str) -> None:
    for string in NAUGHTY[::20]:
        if field == "name":
            answer = site.post("environments", {"name": string})
            assert answer.status_code == 201 or code(answer) == "422 bad_name"
        else:
            refused = "404 not_found" if string else "422 bad_credential"  # none at all, which only a relay's key may have
            assert code(site.post("keys", {"environment": string, "name": "k"})) == refused
