"""A change that a synchronous standby does not confirm is answered in time, and said to be of unknown outcome."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from cuebook_server.store import bounded
from tests.factories import text
from tests.http.conftest import Site, open_site
from tests.http.problems import code
from tests.store.test_patience import slow
from tests.support import settled

pytestmark = [pytest.mark.postgres, pytest.mark.fault("C-10")]


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Its saves are confirmed by nobody."""
    with settled.on_postgres() as found:
        with psycopg.connect(found.url, autocommit=True) as connection:
            connection.execute(slow("version"))
        monkeypatch.setattr(bounded, "ANSWER_S", 1.5)
        monkeypatch.setattr(bounded, "LEAST_S", 1.0)
        yield from open_site(found.url, found.people)


def test_a_save_that_nobody_confirms(site: Site) -> None:
    assert code(site.post("prompts/a/versions", {"content": text("x")})) == "503 unknown_outcome"
    assert code(site.get("prompts/a")) == "404 not_found"
    assert site.get("status", who=site.registry.people.colleague).status_code == 200, "who looks waits for nobody"
