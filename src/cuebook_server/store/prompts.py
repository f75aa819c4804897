"""Prompts and their versions."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, ColumnElement, Result, Row, Select, and_, delete, func, select, tuple_, update

from cuebook_server.domain.prompt import Including, Prompt, Provenance, Recall, Version
from cuebook_server.services.ports import NewVersion
from cuebook_server.store import search
from cuebook_server.store.schema import imported, project, prompt, prompt_alias, recall, version, version_include

if TYPE_CHECKING:
    from cuebook_server.store.unit_of_work import Transaction


class PromptStore:
    """One project's prompts."""

    def __init__(self, transaction: Transaction, project_id: int) -> None:
        self._tx = transaction
        self._project = project_id

    def find(self, name: str) -> Prompt | None:
        """The prompt of that name, or that had it."""
        return self.find_all([name]).get(name)

    def find_all(self, names: Collection[str]) -> Mapping[str, Prompt]:
        """The prompts of those names, or that had them, by the name asked for; what does not exist is left out."""
        rows = {row.name: row for row in self._rows(select(prompt).where(prompt.c.name.in_(names)))}
        if missing := set(names) - rows.keys():
            same = and_(prompt_alias.c.project_id == prompt.c.project_id, prompt_alias.c.prompt_id == prompt.c.prompt_id)
            of_alias = select(prompt, prompt_alias.c.alias).join(prompt_alias, same)
            rows |= {row.alias: row for row in self._rows(of_alias.where(prompt_alias.c.alias.in_(missing)))}
        ids = {row.prompt_id for row in rows.values()}
        aliases = self._grouped(prompt_alias.c.alias, ids)
        recalled = self._grouped(recall.c.number, ids)
        return {name: self._prompt(row, aliases[row.prompt_id], recalled[row.prompt_id]) for name, row in rows.items()}

    def _rows(self, found: Select[Any]) -> Result[Any]:
        return self._tx.connection.execute(found.where(prompt.c.project_id == self._project))

    def _grouped(self, column: Column[Any], ids: Collection[int]) -> Mapping[int, list[Any]]:
        """The values of a column of a table beside the prompts, in order, by prompt."""
        of = column.table.c
        mine = and_(of.project_id == self._project, of.prompt_id.in_(ids))
        found: dict[int, list[Any]] = defaultdict(list)
        for prompt_id, value in self._tx.connection.execute(select(of.prompt_id, column).where(mine).order_by(column)):
            found[prompt_id].append(value)
        return found

    def _prompt(self, row: Row[Any], aliases: Sequence[str], recalled: Collection[int]) -> Prompt:
        return Prompt(
            project_id=self._project,
            prompt_id=row.prompt_id,
            name=row.name,
            latest=row.latest,
            created_at=row.created_at,
            description=row.description,
            owner=row.owner,
            tags=tuple(json.loads(row.tags)),
            aliases=tuple(aliases),
            recalled=frozenset(recalled),
        )

    def add(self, name: str) -> Prompt:
        """Make a prompt that has no version yet."""
        highest = select(func.max(prompt.c.prompt_id)).where(prompt.c.project_id == self._project)
        made = Prompt(self._project, (self._tx.connection.execute(highest).scalar() or 0) + 1, name, 0, self._tx.now)
        self._tx.connection.execute(
            prompt.insert().values(
                project_id=self._project,
                prompt_id=made.prompt_id,
                name=name,
                latest=0,
                description="",
                owner="",
                tags="[]",
                created_at=made.created_at,
            )
        )
        self._directory_changed()
        self._index(made)
        return made

    def describe(self, changed: Prompt) -> None:
        """Write what people say about a prompt: description, owner, tags, aliases."""
        connection, key = self._tx.connection, (self._project, changed.prompt_id)
        connection.execute(
            update(prompt)
            .where(prompt.c.project_id == key[0], prompt.c.prompt_id == key[1])
            .values(description=changed.description, owner=changed.owner, tags=json.dumps(changed.tags))
        )
        connection.execute(delete(prompt_alias).where(prompt_alias.c.project_id == key[0], prompt_alias.c.prompt_id == key[1]))
        for alias in changed.aliases:
            connection.execute(prompt_alias.insert().values(project_id=key[0], prompt_id=key[1], alias=alias))
        self._directory_changed()
        self._index(changed)

    def _directory_changed(self) -> None:
        mine = project.c.project_id == self._project
        self._tx.connection.execute(update(project).where(mine).values(directory=project.c.directory + 1))
        self._tx.touch()

    def _index(self, changed: Prompt) -> None:
        words = "\n".join((changed.name, changed.description, changed.owner, *changed.tags, *changed.aliases))
        search.put(self._tx.connection, self._tx.dialect, (self._project, changed.prompt_id, search.ABOUT), words)

    def version(self, of: Prompt, number: int) -> Version | None:
        """One version of a prompt."""
        return self.versions([(of.prompt_id, number)]).get((of.prompt_id, number))

    def versions(self, wanted: Collection[tuple[int, int]]) -> Mapping[tuple[int, int], Version]:
        """Versions by prompt id and number; what does not exist is left out."""
        same = and_(prompt.c.project_id == version.c.project_id, prompt.c.prompt_id == version.c.prompt_id)
        found = select(version, prompt.c.name).join(prompt, same)
        key = tuple_(version.c.prompt_id, version.c.number)
        return {(row.prompt_id, row.number): _version(row) for row in self._rows(found.where(key.in_(wanted)))}

    def imported(self, of: Prompt, import_key: str) -> int | None:
        """The version that an imported thing became."""
        return self._tx.connection.execute(
            select(imported.c.number).where(
                imported.c.project_id == self._project,
                imported.c.prompt_id == of.prompt_id,
                imported.c.import_key == import_key,
            )
        ).scalar()

    def note_imported(self, of: Prompt, import_key: str, number: int) -> None:
        """Remember which version an imported thing became (or already was)."""
        self._tx.connection.execute(
            imported.insert().values(project_id=self._project, prompt_id=of.prompt_id, import_key=import_key, number=number)
        )

    def save(self, of: Prompt, new: NewVersion, author: str, person: str | None) -> Version:
        """Write the next version. The caller holds the project, so the number is free."""
        connection, number = self._tx.connection, of.latest + 1
        provenance = {k: v for k, v in asdict(new.provenance).items() if v is not None} if new.provenance else None
        row = {
            "project_id": self._project,
            "prompt_id": of.prompt_id,
            "number": number,
            "digest": new.digest,
            "body": new.body.decode(),
            "served": new.served.decode() if new.served is not None else None,
            "author": author,
            "person": person,
            "message": new.message,
            "created_at": self._tx.now,
            "provenance": json.dumps(provenance) if provenance else None,
        }
        connection.execute(version.insert().values(**row))
        connection.execute(
            update(prompt).where(prompt.c.project_id == self._project, prompt.c.prompt_id == of.prompt_id).values(latest=number)
        )
        for fragment_id, fragment_number in new.includes.items():
            connection.execute(
                version_include.insert().values(
                    project_id=self._project,
                    prompt_id=of.prompt_id,
                    number=number,
                    fragment_id=fragment_id,
                    fragment_number=fragment_number,
                )
            )
        search.put(connection, self._tx.dialect, (self._project, of.prompt_id, number), new.texts)
        written = self.version(of, number)
        assert written is not None
        return written

    def includes(self, of: Prompt, number: int) -> Mapping[str, int]:
        """The fragments a version locked, by name."""
        rows = self._tx.connection.execute(
            select(prompt.c.name, version_include.c.fragment_number)
            .join(
                version_include,
                and_(version_include.c.project_id == prompt.c.project_id, version_include.c.fragment_id == prompt.c.prompt_id),
            )
            .where(
                version_include.c.project_id == self._project,
                version_include.c.prompt_id == of.prompt_id,
                version_include.c.number == number,
            )
        )
        return {row.name: row.fragment_number for row in rows}

    def dependents(self, of: Prompt) -> Sequence[tuple[str, int, int]]:
        """Prompts whose newest version includes this one: (name, its number, the number it locked), by name."""
        rows = self._tx.connection.execute(
            select(prompt.c.name, prompt.c.latest, version_include.c.fragment_number)
            .join(
                version_include,
                and_(
                    version_include.c.project_id == prompt.c.project_id,
                    version_include.c.prompt_id == prompt.c.prompt_id,
                    version_include.c.number == prompt.c.latest,
                ),
            )
            .where(prompt.c.project_id == self._project, version_include.c.fragment_id == of.prompt_id)
            .order_by(prompt.c.name)
        )
        return [(row.name, row.latest, row.fragment_number) for row in rows]

    def recall(self, made: Recall) -> None:
        """Write down, for good, that a version is harmful; the nodes are told."""
        values = {"number": made.number, "reason": made.reason, "by": made.by, "at": made.at}
        connection = self._tx.connection
        connection.execute(recall.insert().values(project_id=self._project, prompt_id=made.prompt_id, **values))
        mine = project.c.project_id == self._project
        connection.execute(update(project).where(mine).values(recalls=project.c.recalls + 1))
        self._tx.touch()

    def recalls(self, of: Prompt | None = None) -> Sequence[Recall]:
        """The recalled versions of a prompt or of the whole project, newest first."""
        mine = self._recalled(of.prompt_id) if of else recall.c.project_id == self._project
        same = and_(prompt.c.project_id == recall.c.project_id, prompt.c.prompt_id == recall.c.prompt_id)
        rows = self._tx.connection.execute(
            select(recall, prompt.c.name).join(prompt, same).where(mine).order_by(recall.c.at.desc(), recall.c.number.desc())
        )
        return [Recall(row.prompt_id, row.name, row.number, row.reason, row.by, row.at) for row in rows]

    def including_recalled(self, prompt_ids: Collection[int] | None = None) -> Sequence[Including]:
        """The versions, of these prompts or of all, that include a recalled one however deep; by name, newest first."""
        include = version_include.c
        mine = include.project_id == self._project
        harmful = select(recall.c.prompt_id, recall.c.number).where(recall.c.project_id == self._project)
        found = (
            select(include.prompt_id, include.number, include.fragment_id, include.fragment_number)
            .where(mine, tuple_(include.fragment_id, include.fragment_number).in_(harmful))
            .cte("including", recursive=True)
        )
        above = and_(include.fragment_id == found.c.prompt_id, include.fragment_number == found.c.number)
        found = found.union(
            select(include.prompt_id, include.number, found.c.fragment_id, found.c.fragment_number).where(mine, above)
        )
        one, fragment = prompt.alias("one"), prompt.alias("fragment")
        wanted = (
            select(found, one.c.name, fragment.c.name.label("fragment"))
            .where(one.c.project_id == self._project, one.c.prompt_id == found.c.prompt_id)
            .where(fragment.c.project_id == self._project, fragment.c.prompt_id == found.c.fragment_id)
            .order_by(one.c.name, found.c.number.desc(), fragment.c.name)
        )
        if prompt_ids is not None:
            wanted = wanted.where(found.c.prompt_id.in_(prompt_ids))
        rows = self._tx.connection.execute(wanted)
        return [Including(row.prompt_id, row.name, row.number, row.fragment, row.fragment_number) for row in rows]

    def _recalled(self, prompt_id: int) -> ColumnElement[bool]:
        return and_(recall.c.project_id == self._project, recall.c.prompt_id == prompt_id)


def _version(row: Row[Any]) -> Version:
    content = json.loads(row.body)
    return Version(
        prompt_id=row.prompt_id,
        prompt=row.name,
        number=row.number,
        digest=row.digest,
        content=content,
        served=json.loads(row.served) if row.served is not None else content,
        author=row.author,
        person=row.person,
        message=row.message,
        created_at=row.created_at,
        provenance=Provenance(**json.loads(row.provenance)) if row.provenance else None,
    )
