"""Tables with a name and a text in each row: CSV, tab-separated values, JSON lines, a JSON list."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from cuebook import wire
from cuebook.errors import Invalid
from cuebook.importing import langfuse
from cuebook.importing.items import (
    DESCRIPTION_CHARS_MAX,
    Item,
    Names,
    Options,
    Problem,
    Read,
    clip,
    file_key,
    text_content,
)

TABLE_BYTES_MAX = 256 * 1024 * 1024
CELL_CHARS_MAX = 8 * 1024 * 1024
# Taken when the caller names no column: the first of these that the first row has.
NAME_COLUMNS = ("name", "title", "act", "id")
TEXT_COLUMNS = ("text", "prompt", "content")

Row: TypeAlias = Mapping[str, Any]
Rows: TypeAlias = Iterator[tuple[int, Row | str]]


def read(path: Path, options: Options) -> Iterator[Read]:
    """The rows of a table as items. Raises ``Invalid`` when there is no such column, or the file is no table at all."""
    if path.stat().st_size > TABLE_BYTES_MAX:
        raise Invalid(f"{path.name} is larger than {TABLE_BYTES_MAX // 2**20} MiB.", hint="Split it.")
    data = path.read_bytes()
    if path.suffix == ".json":
        document = _json(data, path.name)
        if (exported := langfuse.exported(document)) is not None:
            return langfuse.read(exported, path.name, options)
        return _items(_listed(document, path.name), path.name, options)
    return _items(READERS[path.suffix](data), path.name, options)


def _items(rows: Rows, filename: str, options: Options) -> Iterator[Read]:
    """Items row by row. The first row decides the columns; a row is its number and its cells, or what is wrong with it."""
    names = Names(options.prefix)
    columns: tuple[str, str] | None = None
    for number, row in rows:
        where = f"line {number}"
        if isinstance(row, str):
            yield Problem(where, row)
            continue
        columns = columns or _columns(row, options)
        yield _item(row, columns, where, filename, names, options)


def _item(row: Row, columns: tuple[str, str], where: str, filename: str, names: Names, options: Options) -> Read:
    cells = [row.get(column) for column in columns]
    for column, cell in zip(columns, cells, strict=True):
        if not isinstance(cell, str) or not cell.strip():
            return Problem(where, f"the column {column!r} holds no text")
    said, text = map(str, cells)
    try:
        content = text_content(text, literal=options.literal)
        said.encode()
        name, key = names.take([said]), file_key(content)
    except ValueError as error:  # a lone surrogate: bytes that are not UTF-8
        return Problem(where, f"it is not valid text ({error})")
    described = "" if name == said else clip(said, DESCRIPTION_CHARS_MAX)
    return Item(name, content, f"Imported from {filename}", key, where, {"source": "table", "path": filename}, described)


def _columns(row: Row, options: Options) -> tuple[str, str]:
    wanted = ((options.name_column, NAME_COLUMNS, "--name"), (options.text_column, TEXT_COLUMNS, "--text"))
    found = [next((c for c in ([given] if given else usual) if c in row), None) for given, usual, _ in wanted]
    for column, (given, _, option) in zip(found, wanted, strict=True):
        if column is None:
            there = ", ".join(map(str, row))
            raise Invalid(
                f"There is no column {given!r}." if given else f"{option} is needed.", hint=f"The columns are: {there}."
            )
    return str(found[0]), str(found[1])


def _separated(data: bytes, delimiter: str) -> Rows:
    # Bytes that are no UTF-8 become lone surrogates, which only their own rows are refused for.
    text = data.decode("utf-8-sig", "surrogateescape")
    before = csv.field_size_limit(CELL_CHARS_MAX)
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
        start = 2
        while True:
            try:
                row = next(reader, None)
            except csv.Error as error:
                yield reader.line_num, f"it cannot be read ({error})"
                return
            if row is None:
                return
            yield start, _fitting(row)
            start = reader.line_num + 1
    finally:
        csv.field_size_limit(before)


def _fitting(row: dict[str | Any, str | Any]) -> Row | str:
    if None in row:
        return "it has more cells than the first row"
    if None in row.values():
        return "it has fewer cells than the first row"
    return row


def _lines(data: bytes) -> Rows:
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            row = wire.loads(line)
        except wire.WireError as error:
            yield number, f"it is no JSON ({error})"
            continue
        yield number, row if isinstance(row, dict) else "it is no JSON object"


def _listed(document: Any, filename: str) -> Rows:
    if not isinstance(document, list):
        raise Invalid(f"{filename} holds neither a list of rows nor a Langfuse export.")
    for number, row in enumerate(document, start=1):
        yield number, row if isinstance(row, dict) else "it is no JSON object"


def _json(data: bytes, filename: str) -> Any:
    try:
        return wire.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except wire.WireError as error:
        raise Invalid(f"{filename} is no JSON: {error}.") from None


READERS: Mapping[str, Callable[[bytes], Rows]] = {
    ".csv": lambda data: _separated(data, ","),
    ".tsv": lambda data: _separated(data, "\t"),
    ".jsonl": _lines,
    ".ndjson": _lines,
    ".json": _lines,
}
