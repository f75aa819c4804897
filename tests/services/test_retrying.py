"""Idempotency: one key, one effect; the same answer for a day."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

import pytest

from cuebook_server.domain.errors import IdempotencyMismatch, NotFound
from cuebook_server.services import prompts
from cuebook_server.services.ports import Answer, UnitOfWork
from cuebook_server.services.requests import BadIdempotencyKey, once
from tests.factories import Registry, text
from tests.people import PROJECT, Person


def retry(registry: Registry, key: str | None, body: str = "x", who: Person | None = None) -> Answer:
    """Save a version of `a` under an idempotency key."""
    actor = (who or registry.people.owner).actor

    def effect(uow: UnitOfWork) -> Callable[[], Answer]:
        def save() -> Answer:
            saved = prompts.save(actor, uow, PROJECT, "a", prompts.Draft(text(body)))
            return Answer(201 if saved.created else 200, json.dumps({"number": saved.version.number}))

        return save

    with registry.units.write() as uow:
        return once(actor, uow, key, body.encode(), effect(uow), secret="s")


def test_the_same_request_has_one_effect_and_the_same_answer(registry: Registry) -> None:
    first = retry(registry, "k")
    assert first == Answer(201, '{"number": 1}')
    registry.save("a", "something else meanwhile")
    assert retry(registry, "k") == first
    assert registry.ask(prompts.one, "a").latest == 2


def test_another_request_under_the_key_is_refused(registry: Registry) -> None:
    retry(registry, "k", "x")
    with pytest.raises(IdempotencyMismatch):
        retry(registry, "k", "y")
    assert registry.ask(prompts.one, "a").latest == 1


def test_a_key_is_forgotten_after_a_day(registry: Registry) -> None:
    retry(registry, "k", "x")
    registry.clock.tick(86_399)
    assert retry(registry, "k", "x").status == 201
    registry.clock.tick(1)
    assert retry(registry, "k", "y").status == 201


def test_a_key_counts_for_the_credential_that_sent_it(registry: Registry) -> None:
    retry(registry, "k", "x")
    assert retry(registry, "k", "y", registry.people.colleague).status == 201


def test_without_a_key_every_request_counts(registry: Registry) -> None:
    assert [retry(registry, None, body).status for body in ("x", "y", "x")] == [201] * 3


def test_what_was_refused_is_not_kept(registry: Registry) -> None:
    def refuse() -> Answer:
        raise NotFound

    actor = registry.people.owner.actor
    with pytest.raises(NotFound), registry.units.write() as uow:
        once(actor, uow, "k", b"x", refuse, secret="s")
    assert retry(registry, "k", "x").status == 201


@pytest.mark.parametrize("key", ["", "k" * 256, "schlüssel", "a\nb", "a\x00"])
def test_a_key_is_printable_ascii(registry: Registry, key: str) -> None:
    with pytest.raises(BadIdempotencyKey):
        retry(registry, key)


def test_eight_at_once_have_one_effect(registry: Registry) -> None:
    answers: list[Answer] = []
    threads = [threading.Thread(target=lambda: answers.append(retry(registry, "k"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [Answer(201, '{"number": 1}')] * 8
    assert [entry["action"] for entry in registry.audit()].count("version.saved") == 1
