"""Read models: what screens and commands list, each with its own SQL, a page at a time."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, ColumnElement, Row, and_, func, select

from cuebook_server.domain import search as words
from cuebook_server.domain.prompt import Prompt
from cuebook_server.services.ports import Hit, Live, PromptRow, Stay, VersionRow
from cuebook_server.store import search
from cuebook_server.store.schema import (
    NO_TAGS,
    UTCDateTime,
    environment,
    pointer,
    pointer_change,
    prompt,
    prompt_alias,
    recall,
    release,
    version,
)

if TYPE_CHECKING:
    from cuebook_server.store.unit_of_work import Transaction


class ListStore:
    """One project's lists."""

    def __init__(self, transaction: Transaction, project_id: int) -> None:
        self._tx = transaction
        self._project = project_id

    def prompts(
        self, *, names: Sequence[str] = (), prefix: str = "", tag: str = "", owner: str = "", after: str = "", limit: int
    ) -> Sequence[PromptRow]:
        """Prompts by name, after a name: of a folder (``prefix``), with a tag, of an owner."""
        found = select(prompt).where(prompt.c.project_id == self._project, prompt.c.name > after)
        if names:
            found = found.where(prompt.c.name.in_(names))
        if prefix:
            found = found.where(self._place(prompt.c.name, prefix) == 1)
        if tag:
            found = found.where(prompt.c.tags != NO_TAGS, self._place(prompt.c.tags, json.dumps(tag)) > 0)
        if owner:
            found = found.where(prompt.c.owner == owner)
        rows = self._tx.connection.execute(found.order_by(prompt.c.name).limit(limit)).all()
        live = self.live(self._newest(rows))
        aliases = self._aliases([row.prompt_id for row in rows])
        return [
            PromptRow(
                name=row.name,
                latest=row.latest,
                description=row.description,
                owner=row.owner,
                tags=tuple(json.loads(row.tags)),
                aliases=tuple(aliases[row.prompt_id]),
                created_at=row.created_at,
                live=live[row.prompt_id],
            )
            for row in rows
        ]

    def _place(self, column: Column[str], piece: str) -> ColumnElement[int]:
        """Where a piece of text begins, from 1. LIKE would not do: on SQLite it takes capitals for small letters."""
        find = func.instr if self._tx.dialect == "sqlite" else func.strpos
        return find(column, piece)

    def _aliases(self, ids: Sequence[int]) -> Mapping[int, list[str]]:
        rows = self._tx.connection.execute(
            select(prompt_alias.c.prompt_id, prompt_alias.c.alias)
            .where(prompt_alias.c.project_id == self._project, prompt_alias.c.prompt_id.in_(ids))
            .order_by(prompt_alias.c.alias)
        )
        found: dict[int, list[str]] = defaultdict(list)
        for row in rows:
            found[row.prompt_id].append(row.alias)
        return found

    def _newest(self, rows: Iterable[Row[Any]]) -> Mapping[int, int]:
        """The newest number of each prompt that was not recalled, 0 where there is none."""
        newest = {row.prompt_id: row.latest for row in rows}
        mine = and_(recall.c.project_id == self._project, recall.c.prompt_id.in_(list(newest)))
        found = self._tx.connection.execute(
            select(recall.c.prompt_id, recall.c.number).where(mine).order_by(recall.c.number.desc())
        )
        for row in found:
            newest[row.prompt_id] -= newest[row.prompt_id] == row.number
        return newest

    def live(self, newest: Mapping[int, int]) -> Mapping[int, Live]:
        """What is live where, for prompts given with their newest number: by prompt id, then environment name."""
        environments = self._tx.connection.execute(
            select(environment.c.environment_id, environment.c.name, environment.c.tracks_latest)
            .where(environment.c.project_id == self._project)
            .order_by(environment.c.position)
        ).all()
        pointers = self._tx.connection.execute(
            select(pointer.c.prompt_id, pointer.c.environment_id, pointer.c.number).where(
                pointer.c.project_id == self._project,
                pointer.c.environment_id.in_([row.environment_id for row in environments]),
                pointer.c.prompt_id.in_(list(newest)),
            )
        )
        numbers = {(row.prompt_id, row.environment_id): row.number for row in pointers}
        return {
            prompt_id: {
                row.name: (number or None) if row.tracks_latest else numbers.get((prompt_id, row.environment_id))
                for row in environments
            }
            for prompt_id, number in newest.items()
        }

    def saved_at(self, names: Sequence[str], numbers: Collection[int]) -> Mapping[str, Mapping[int, datetime]]:
        """When versions of these prompts that have one of these numbers were saved, by name and number."""
        # By the keys of versions: joined to the names alone, SQLite walks through every version of the project.
        ids = select(prompt.c.prompt_id).where(prompt.c.project_id == self._project, prompt.c.name.in_(names))
        wanted = and_(version.c.prompt_id.in_(ids), version.c.number.in_(numbers))
        rows = self._tx.connection.execute(
            select(prompt.c.name, version.c.number, version.c.created_at)
            .join(version, and_(version.c.project_id == prompt.c.project_id, version.c.prompt_id == prompt.c.prompt_id))
            .where(version.c.project_id == self._project, wanted)
        )
        found: dict[str, dict[int, datetime]] = defaultdict(dict)
        for row in rows:
            found[row.name][row.number] = row.created_at
        return found

    def released_at(self, names: Sequence[str]) -> Mapping[str, Mapping[str, datetime]]:
        """When what these prompts' pointers say was released, by name and environment."""
        ids = select(prompt.c.prompt_id).where(prompt.c.project_id == self._project, prompt.c.name.in_(names))
        rows = self._tx.connection.execute(
            select(prompt.c.name, environment.c.name.label("place"), release.c.applied_at)
            .select_from(pointer)
            .join(prompt, and_(prompt.c.project_id == pointer.c.project_id, prompt.c.prompt_id == pointer.c.prompt_id))
            .join(
                environment,
                and_(
                    environment.c.project_id == pointer.c.project_id, environment.c.environment_id == pointer.c.environment_id
                ),
            )
            .join(release, and_(release.c.project_id == pointer.c.project_id, release.c.release_id == pointer.c.release_id))
            .where(pointer.c.project_id == self._project, pointer.c.prompt_id.in_(ids))
        )
        found: dict[str, dict[str, datetime]] = defaultdict(dict)
        for row in rows:
            found[row.name][row.place] = row.applied_at
        return found

    def versions(self, of: Prompt, before: int, limit: int) -> Sequence[VersionRow]:
        """A prompt's versions below a number, newest first."""
        rows = self._tx.connection.execute(
            select(*(column for column in version.c if column.name not in ("body", "served")))
            .where(version.c.project_id == self._project, version.c.prompt_id == of.prompt_id, version.c.number < before)
            .order_by(version.c.number.desc())
            .limit(limit)
        )
        return [_version_row(row, of.name) for row in rows]

    def stays(self, of: Prompt, numbers: range) -> Sequence[Stay]:
        """Where and when a prompt's versions of these numbers were live: newest first, environments from the first stop on."""
        places = select(environment.c.environment_id).where(environment.c.project_id == self._project)
        here = and_(pointer_change.c.prompt_id == of.prompt_id, pointer_change.c.environment_id.in_(places))
        next_at = func.lead(pointer_change.c.at, type_=UTCDateTime)
        ended = next_at.over(partition_by=pointer_change.c.environment_id, order_by=pointer_change.c.revision)
        one = (
            select(pointer_change.c.environment_id, pointer_change.c.after, pointer_change.c.at, ended.label("until"))
            .where(pointer_change.c.project_id == self._project, here)
            .subquery()
        )
        rows = self._tx.connection.execute(
            select(
                one.c.after,
                environment.c.name,
                func.min(one.c.at).label("first_at"),
                func.max(one.c.at).label("last_at"),
                func.max(one.c.until).label("until"),
                func.count().label("times"),
                func.count(one.c.until).label("ended"),
            )
            .join(environment, environment.c.environment_id == one.c.environment_id)
            .where(environment.c.project_id == self._project)
            .where(one.c.after >= numbers.start, one.c.after < numbers.stop)
            .group_by(one.c.after, environment.c.name, environment.c.position)
            .order_by(one.c.after.desc(), environment.c.position)
        )
        return [
            Stay(row.after, row.name, row.first_at, row.last_at, row.until if row.ended == row.times else None, row.times)
            for row in rows
        ]

    def search(self, query: str, limit: int) -> Sequence[Hit]:
        """Prompts whose name, description, tags or text (of any version) hold the words; names first, then the newest."""
        found = search.find(self._tx.connection, self._tx.dialect, self._project, words.query(query))
        best: dict[int, int] = {}
        for row in found:
            best[row.prompt_id] = max(row.number, best.get(row.prompt_id, 0))
        # The prompt's own words beat its text; among versions the newest counts.
        best |= {row.prompt_id: search.ABOUT for row in found if row.number == search.ABOUT}
        chosen = sorted(best.items(), key=lambda pair: (pair[1] != search.ABOUT, -pair[0]))[:limit]
        return self._hits(chosen, query)

    def _hits(self, chosen: Iterable[tuple[int, int]], query: str) -> Sequence[Hit]:
        wanted = dict(chosen)
        rows = self._tx.connection.execute(
            select(prompt).where(prompt.c.project_id == self._project, prompt.c.prompt_id.in_(list(wanted)))
        )
        prompts = {row.prompt_id: row for row in rows}
        live = self.live(self._newest(prompts.values()))
        return [
            Hit(prompts[key].name, number, words.snippet(self._text(prompts[key], number), query), live[key])
            for key, number in wanted.items()
        ]

    def _text(self, row: Row[Any], number: int) -> str:
        if number == search.ABOUT:
            return " · ".join(part for part in (row.name, row.description, row.owner, *json.loads(row.tags)) if part)
        body = self._tx.connection.execute(
            select(func.coalesce(version.c.served, version.c.body)).where(
                version.c.project_id == self._project, version.c.prompt_id == row.prompt_id, version.c.number == number
            )
        ).scalar_one()
        content = json.loads(body)
        return str(content.get("text") or json.dumps(content["messages"], ensure_ascii=False))


def _version_row(row: Row[Any], name: str) -> VersionRow:
    return VersionRow(
        prompt=name,
        number=row.number,
        digest=row.digest,
        author=row.author,
        message=row.message,
        created_at=row.created_at,
        provenance=json.loads(row.provenance) if row.provenance else None,
    )
