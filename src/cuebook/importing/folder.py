"""A folder of prompt, Markdown and text files: one prompt a file, folders are the dots."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from cuebook.files import BadFile, form_of, parse, read_bytes
from cuebook.importing.items import (
    DESCRIPTION_CHARS_MAX,
    PATH_CHARS_MAX,
    Item,
    Names,
    Options,
    Problem,
    Read,
    clip,
    decode,
    file_key,
    text_content,
)

TEXT_SUFFIXES = frozenset({".md", ".markdown", ".txt", ".prompt"})


def read(root: Path, options: Options) -> Iterator[Read]:
    """Every prompt file below ``root``, in order of path. Hidden files, links and other kinds of files are left alone."""
    names = Names(options.prefix)
    for path in sorted(_walk(root)):
        if options.takes(path.relative_to(root).as_posix()):
            yield read_file(path, root, names, options)


def read_one(path: Path, options: Options) -> Iterator[Read]:
    """A single file, named by its own name."""
    yield read_file(path, path.parent, Names(options.prefix), options)


def is_prompt_file(path: str) -> bool:
    """Whether a path's ending says that it holds a prompt."""
    return form_of(path) is not None or os.path.splitext(path)[1].lower() in TEXT_SUFFIXES  # noqa: PTH122  Git's paths are strings


def name_parts(path: str) -> list[str]:
    """The folders and the stem of a path with slashes."""
    *folders, leaf = path.split("/")
    form = form_of(leaf)
    return [*folders, leaf.removesuffix(form) if form else leaf.rsplit(".", 1)[0]]


def read_file(path: Path, root: Path, names: Names, options: Options) -> Read:
    """One file as an item, or the problem with it."""
    where = path.relative_to(root).as_posix()
    try:
        return item_of(read_bytes(path, root), where, names, options)
    except BadFile as error:
        return Problem(where, error.reason)


def item_of(data: bytes, where: str, names: Names, options: Options) -> Read:
    """The item a file's bytes hold."""
    if not data.strip():
        return Problem(where, "it is empty", "skipped")
    if not where.isprintable():  # nor is a name whose bytes are no UTF-8
        return Problem(ascii(where), "its path cannot be shown, so nobody could find it again")
    name = names.take(name_parts(where))
    message, provenance = (
        f"Imported from {clip(where, PATH_CHARS_MAX)}",
        {"source": "file", "path": clip(where, PATH_CHARS_MAX)},
    )
    try:
        if form_of(where) is None:
            content = text_content(decode(data), literal=options.literal)
            return Item(name, content, message, file_key(content), where, provenance)
        prompt = parse(data, name=name, filename=where)
        key = file_key(prompt.content)
    except (BadFile, ValueError) as error:
        return Problem(where, error.reason if isinstance(error, BadFile) else str(error))
    said = clip(prompt.description, DESCRIPTION_CHARS_MAX)
    return Item(name, prompt.content, message, key, where, provenance, said, prompt.owner, prompt.tags)


def _walk(root: Path) -> Iterator[Path]:
    for folder, below, files in os.walk(root, followlinks=False):
        below[:] = [name for name in below if not name.startswith(".")]
        for name in files:
            path = Path(folder, name)
            if not name.startswith(".") and is_prompt_file(name) and not path.is_symlink():
                yield path
