"""The reference pages say what the code does: commands, settings, routes and error codes."""

from __future__ import annotations

import re

import pytest

from cuebook.cli import failures
from cuebook_server.delivery import app as delivery
from cuebook_server.settings import Settings
from tools.pages import filled
from tools.reference import commands, routes
from tools.reference.__main__ import FOLDER, OPENAPI, PAGES, openapi


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_what_its_source_says(name: str) -> None:
    page = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    assert page == filled(page, name, PAGES[name]()), "run `make docs` and commit the page"


def test_the_pages_client_is_made_of_the_servers_own_description() -> None:
    assert OPENAPI.read_text(encoding="utf-8") == openapi(), "run `make docs` and commit ui/openapi.json"


def test_every_call_has_a_name_of_its_own() -> None:
    names = [call["operationId"] for path in routes.document()["paths"].values() for call in path.values()]
    assert len(names) == len(set(names))


def test_every_delivery_route_and_parameter_stands_in_the_page() -> None:
    page = (FOLDER / "http.md").read_text(encoding="utf-8")
    parameters = delivery.PROMPT_PARAMETERS | delivery.LIST_PARAMETERS | delivery.SNAPSHOT_PARAMETERS
    paths = [
        delivery.PROMPTS + b"{name}",
        delivery.PROMPTS + b"{name}" + delivery.RENDER,
        delivery.LIST,
        delivery.SNAPSHOT,
        delivery.EVENTS,
        delivery.KEYSET,
    ]
    assert [what for what in (*parameters, *(path.decode() for path in paths)) if f"{what}`" not in page] == []


def test_every_exit_code_stands_in_the_page() -> None:
    page = (FOLDER / "commands.md").read_text(encoding="utf-8")
    codes = {0, 2, *failures.EXIT_CODES.values(), failures.UNEXPECTED, failures.BROKEN_CHAIN, failures.INTERRUPTED}
    assert sorted(codes) == [int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)]


def test_every_command_and_option_says_what_it_does() -> None:
    silent = [
        f"{words} {one.name}"
        for words, command in commands.commands().items()
        for one in command.params
        if not (command.help and getattr(one, "help", ""))
    ]
    assert silent == []


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_every_management_call_says_what_it_does() -> None:
    calls = [call for path in routes.document()["paths"].values() for call in path.values()]
    assert len(calls) > 20
    assert [call["operationId"] for call in calls if not call.get("description")] == []
