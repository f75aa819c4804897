"""SQL statements are counted where a page or a release could grow: twice as many things, not twice as many statements."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from cuebook_server.services import environments, prompts
from tests.factories import Registry


@contextmanager
def counted(registry: Registry) -> Iterator[list[str]]:
    """Every statement that is sent meanwhile."""
    sent: list[str] = []

    def note(_c: object, _u: object, statement: str, _p: object, _x: object, _m: object) -> None:
        sent.append(statement)

    event.listen(registry.database.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(registry.database.engine, "before_cursor_execute", note)


def test_a_status_page_of_any_length_is_a_handful_of_statements(registry: Registry) -> None:
    lengths = []
    for count in (5, 100):
        for number in range(count):
            registry.save(f"p{number:03}", f"text {count}")
        with counted(registry) as sent:
            _, rows = registry.ask(environments.status, prompts=[], after="", limit=200)
        assert len(rows) == count
        lengths.append(len(sent))
    assert lengths[0] == lengths[1] <= 9


def test_a_list_of_prompts_and_a_search_are_a_handful_of_statements(registry: Registry) -> None:
    for number in range(30):
        registry.save(f"p{number:03}", "text")
    with counted(registry) as sent:
        assert len(registry.ask(prompts.listed, prefix="", tag="", owner="", after="", limit=30)) == 30
    assert len(sent) <= 7
    with counted(registry) as sent:
        assert len(registry.ask(prompts.search, "text", 20)) == 20
    assert len(sent) <= 8 + 20  # one for the text of each hit shown, which is bounded by the page


def test_a_save_is_bounded(registry: Registry) -> None:
    registry.save("a", "x")
    with counted(registry) as sent:
        registry.save("a", "y")
    assert len(sent) <= 24


def test_an_item_of_a_release_costs_the_same_however_many_there_are(registry: Registry) -> None:
    lengths = {}
    for count in (1, 3, 9):
        names = [f"r{count}.p{number}" for number in range(count)]
        for name in names:
            registry.save(name, "x")
        with counted(registry) as sent:
            registry.promote(*names, to="staging")
        lengths[count] = len(sent)
    each = (lengths[3] - lengths[1]) / 2
    assert lengths[9] == lengths[3] + 6 * each
    assert each <= 10, "prompt, aliases, whether it ran in the source, its digest, its history row, its pointer"
