"""A refusal is the same refusal on a page and in the API."""

from __future__ import annotations

from cuebook_server.http import errors as management
from cuebook_server.ui.errors import status_of
from tools.reference.errors import refusals


def test_a_page_has_the_status_that_the_api_gives() -> None:
    """Pages and the API are strangers to each other, so each has its table of kinds."""
    assert [r.code for r in refusals() if status_of(r()) != management.status_of(r())] == []
