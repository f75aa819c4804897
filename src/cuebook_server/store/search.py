"""The word index: FTS5 on SQLite, a GIN index over a tsvector on PostgreSQL. Both hold the words of ``domain.search``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from cuebook_server.domain.search import words

ABOUT = 0  # the document with a prompt's name, description, owner and tags
HITS_MAX = 2_000
DocumentKey = tuple[int, int, int]  # (project_id, prompt_id, number)

_PUT_DOCUMENT = text(
    "INSERT INTO search_document (project_id, prompt_id, number) VALUES (:project, :prompt, :number) RETURNING document_id"
)
_FIND_DOCUMENT = text(
    "SELECT document_id FROM search_document WHERE project_id = :project AND prompt_id = :prompt AND number = :number"
)
_PUT_SQLITE = text("INSERT INTO search_words (rowid, words) VALUES (:id, :words)")
_DROP_SQLITE = text("DELETE FROM search_words WHERE rowid = :id")
_PUT_POSTGRESQL = text(
    "INSERT INTO search_words (document_id, words) VALUES (:id, array_to_tsvector(CAST(:words AS text[])))"
    " ON CONFLICT (document_id) DO UPDATE SET words = excluded.words"
)
_FIND = """SELECT d.prompt_id, d.number FROM search_words AS w JOIN search_document AS d ON {join}
    WHERE {match} AND d.project_id = :project ORDER BY {newest} DESC LIMIT :limit"""
# By the index's own number: FTS5 then hands out the newest first and stops, instead of finding and sorting everything.
_FIND_SQLITE = text(_FIND.format(join="d.document_id = w.rowid", match="search_words MATCH :query", newest="w.rowid"))
_FIND_POSTGRESQL = text(
    _FIND.format(join="d.document_id = w.document_id", match="w.words @@ CAST(:query AS tsquery)", newest="d.document_id")
)


def create(dialect: str) -> Iterator[str]:
    """The statements that make the index."""
    if dialect == "sqlite":
        yield (
            "CREATE VIRTUAL TABLE search_words USING fts5(words, content='', contentless_delete=1, detail='none',"
            " tokenize='ascii')"
        )
    else:
        yield (
            "CREATE TABLE search_words (document_id integer PRIMARY KEY REFERENCES search_document (document_id),"
            " words tsvector NOT NULL)"
        )
        yield "CREATE INDEX search_words_gin ON search_words USING gin (words)"


def put(connection: Connection, dialect: str, key: DocumentKey, content: str) -> None:
    """Make a document findable by its words, instead of what it said before."""
    named = dict(zip(("project", "prompt", "number"), key, strict=True))
    known = connection.execute(_FIND_DOCUMENT, named).scalar()
    document = known or connection.execute(_PUT_DOCUMENT, named).scalar_one()
    found: Any = words(content)
    if dialect == "sqlite":
        if known:
            connection.execute(_DROP_SQLITE, {"id": document})
        connection.execute(_PUT_SQLITE, {"id": document, "words": " ".join(found)})
    else:
        connection.execute(_PUT_POSTGRESQL, {"id": document, "words": found})


def find(connection: Connection, dialect: str, project_id: int, wanted: Sequence[str]) -> Sequence[Row[Any]]:
    """Documents that hold a word beginning with each of the wanted ones, newest first: rows of (prompt_id, number)."""
    if not wanted:
        return []
    if dialect == "sqlite":
        statement, query = _FIND_SQLITE, " AND ".join(f'"{word}" *' for word in wanted)
    else:
        statement, query = _FIND_POSTGRESQL, " & ".join(f"'{word}':*" for word in wanted)
    return connection.execute(statement, {"project": project_id, "query": query, "limit": HITS_MAX}).all()
