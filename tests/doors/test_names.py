"""What an application of production gets by any name it ever asked for changes by a release only."""

from __future__ import annotations

from tests.doors.world import World
from tests.http.problems import code
from tests.people import PROJECT


def by_alias(world: World) -> str:
    headers = {"Authorization": f"Bearer {world.keys['prd']}"}
    return str(world.client.get("/v1/prompts/once.called", headers=headers).json().get("text"))


def aliased(world: World, prompt: str, *aliases: str) -> str:
    answer = world.knock(world.by("author's session"), "PATCH", f"prompts/{prompt}", {"aliases": list(aliases)})
    return "200" if answer.status_code == 200 else code(answer)


def test_an_alias_that_production_serves_goes_to_no_other_prompt(team: World) -> None:
    """An author took an alias from one prompt and gave it to another: an application that asked by it got other bytes from
    production, and no release, no approval and no revision stood behind it.
    """
    assert aliased(team, "a", "once.called") == "200"
    assert by_alias(team) == "formal"
    assert aliased(team, "b", "once.called") == "409 already_exists"
    assert aliased(team, "a") == "409 alias_served"
    assert aliased(team, "a", "once.called", "another") == "200"
    assert by_alias(team) == "formal"


def test_a_prompt_of_that_name_is_the_prompt_of_the_alias(team: World) -> None:
    """A new prompt that took an alias's name would have left applications with nothing."""
    assert aliased(team, "a", "once.called") == "200"
    body = {"content": {"kind": "text", "text": "in between"}}
    saved = team.knock(team.by("author's session"), "POST", f"/api/projects/{PROJECT}/prompts/once.called/versions", body)
    assert (saved.json()["prompt"], by_alias(team)) == ("a", "formal")


def test_an_alias_goes_where_nothing_pinned_serves_it(team: World) -> None:
    assert aliased(team, "c", "once.called") == "200"
    assert aliased(team, "c") == "200"
    assert aliased(team, "b", "once.called") == "200"
