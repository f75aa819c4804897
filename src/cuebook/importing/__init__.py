"""Bringing prompts in from elsewhere: folders, tables, Git histories, Langfuse exports.

``read`` takes a source apart into items and problems without talking to a registry; the registry then takes the items.
Every item carries an ``import_key``, by which the registry knows it again: importing twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cuebook.errors import Invalid
from cuebook.files import form_of
from cuebook.importing import folder, tables
from cuebook.importing.items import Item, Options, Problem, Read

__all__ = ["Item", "Options", "Problem", "Read", "read"]


def read(source: Path, options: Options) -> Iterator[Read]:
    """The items and problems of a source, in order.

    A folder with a Git repository gives its history, unless ``options.history`` is false; a bundle file too. Any other
    folder, or a single prompt, Markdown or text file, gives one version a file. ``.csv``, ``.tsv``, ``.jsonl`` and
    ``.ndjson`` give one prompt a row, ``.json`` too, or a Langfuse export. Raises ``Invalid`` when nothing of the source
    can be read.
    """
    if source.is_dir():
        return _history(source, options) if options.history and is_repository(source) else folder.read(source, options)
    if not source.is_file():
        raise Invalid(f"There is no file or folder {source}.")
    if source.suffix == ".bundle":
        return _history(source, options)
    if form_of(source.name) or source.suffix in folder.TEXT_SUFFIXES:
        return folder.read_one(source, options)
    if source.suffix in tables.READERS:
        return tables.read(source, options)
    raise Invalid(
        f"It is not clear what {source.name} holds.",
        hint="Give a folder, a Git repository, or a .csv, .tsv, .jsonl, .ndjson, .json, .bundle, .md, .txt or .prompt.* file.",
    )


def is_repository(path: Path) -> bool:
    """Whether a folder is the root of a Git repository, with or without a working tree."""
    return (path / ".git").exists() or all((path / part).exists() for part in ("HEAD", "objects", "refs"))


def _history(source: Path, options: Options) -> Iterator[Read]:
    from cuebook.importing import git  # on demand: dulwich would slow every command down

    return git.read_repository(source, options) if source.is_dir() else git.read_bundle_file(source, options)
