"""The page on a version's content shows content that is one, and names every field there is."""

from __future__ import annotations

import json
import re
from pathlib import Path

from cuebook import rendering
from cuebook.variables import TYPES
from cuebook_server.domain import content, content_fields

PAGE = (Path(__file__).parents[2] / "docs/reference/content.md").read_text(encoding="utf-8")


def test_the_example_can_be_saved_and_rendered() -> None:
    [example] = re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    saved = content.lock(content.draft(json.loads(example)), {})
    messages = rendering.compile(saved.served).render({"ticket": "The lift stands still."}).messages
    assert messages is not None
    assert messages[0]["content"].endswith("Write in a warm tone.")


def test_every_field_type_and_role_stands_in_the_page() -> None:
    fields = {*content_fields._COMMON, *content_fields._BODY.values(), *content_fields._SPEC, *TYPES, *rendering.ROLES}
    assert [name for name in sorted(fields) if f"`{name}`" not in PAGE] == []
