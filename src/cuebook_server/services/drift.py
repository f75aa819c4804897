"""Drift: one environment against another, and what the second would become if the first were promoted into it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cuebook_server.domain.access import Actor
from cuebook_server.domain.diff import diff
from cuebook_server.domain.environment import Environment
from cuebook_server.domain.prompt import Version
from cuebook_server.domain.release import ITEMS_MAX, Wanted
from cuebook_server.domain.summary import summarize
from cuebook_server.services.environments import known
from cuebook_server.services.ports import PromptRow, Scope, UnitOfWork
from cuebook_server.services.projects import enter
from cuebook_server.services.prompts import versions_of
from cuebook_server.services.weighing import Request, Weighed, weigh

PAGE = 500


@dataclass(frozen=True, slots=True)
class Difference:
    """A prompt whose version differs between two environments.

    one, other: what each serves (``None``: nothing). versions, days: how far apart, positive when the first is newer; ``None``
    where one of them serves nothing. summary: what changes on the way to the first, fragments and model included; ``reach``
    says how far.
    """

    prompt: str
    one: int | None
    other: int | None
    versions: int | None
    days: float | None
    summary: tuple[str, ...]
    reach: str


@dataclass(frozen=True, slots=True)
class Drift:
    """Everything two environments differ in, and the promotion that would end it (``None``: nothing to promote)."""

    differences: Sequence[Difference]
    promotion: Weighed | None


def compare(actor: Actor, uow: UnitOfWork, project: str, one: str, other: str) -> Drift:
    """Hold one environment against another: what differs, and what would become of the other. Changes nothing."""
    scope = enter(actor, uow, project)
    first, second = known(scope, one), known(scope, other)
    apart = [row for row in rows(scope) if row.live[one] != row.live[other]]
    pages = (apart[start : start + PAGE] for start in range(0, len(apart), PAGE))
    differences = [difference for page in pages for difference in _differences(scope, page, one, other)]
    return Drift(differences, _promotion(actor, uow, scope, first, second, apart))


def rows(scope: Scope) -> list[PromptRow]:
    """Every prompt of a project, with what is live where."""
    found: list[PromptRow] = []
    while page := scope.lists.prompts(after=found[-1].name if found else "", limit=PAGE):
        found += page
    return found


def _differences(scope: Scope, page: Sequence[PromptRow], one: str, other: str) -> list[Difference]:
    """The differences of some prompts, whose versions are read at once, and no others held meanwhile."""
    prompts = scope.prompts.find_all([row.name for row in page])
    sides = [(prompts[row.name].prompt_id, row.live[one], row.live[other]) for row in page]
    versions = versions_of(scope, ((of, number) for of, *numbers in sides for number in numbers))
    return [
        _difference(row.name, (new, old), versions.get((of, new or 0)), versions.get((of, old or 0)), (one, other))
        for row, (of, new, old) in zip(page, sides, strict=True)
    ]


def _difference(
    prompt: str, numbers: tuple[int | None, int | None], new: Version | None, old: Version | None, names: tuple[str, str]
) -> Difference:
    if new is None or old is None:
        where = names[0] if new else names[1]
        return Difference(prompt, *numbers, None, None, (f"only in {where}",), "contract")
    served = diff(old.served, new.served)
    flattened = old.served is not old.content or new.served is not new.content
    locked = diff(old.content, new.content) if flattened else served
    days = (new.created_at - old.created_at).total_seconds() / 86_400
    return Difference(
        prompt=prompt,
        one=new.number,
        other=old.number,
        versions=new.number - old.number,
        days=days,
        summary=tuple(dict.fromkeys((*summarize(served), *summarize(locked)))),
        reach=served.reach,
    )


def _promotion(
    actor: Actor, uow: UnitOfWork, scope: Scope, first: Environment, second: Environment, rows: Sequence[PromptRow]
) -> Weighed | None:
    """The first promoted into the second, weighed; where the second tracks latest it takes no release."""
    items = [Wanted(row.name, number) for row in rows if (number := row.live[first.name])][:ITEMS_MAX]
    if second.tracks_latest or not items:
        return None
    request = Request(second.name, "promote", items, f"What {first.name} serves")
    return weigh(scope, uow, request, actor.answerable)
