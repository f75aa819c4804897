"""Prompts as files: one file a prompt, folders are the dots, every byte of the text kept.

``support/triage.prompt.yaml`` holds the whole content as YAML 1.2; ``support/triage.prompt.md`` holds a text prompt as
front matter and then the text, exactly, from the byte after the closing ``---`` line to the last byte of the file;
``support/triage.prompt.json`` holds the whole content as JSON. ``description``, ``owner``, ``tags`` and ``aliases``
stand beside the content's own fields and never reach the digest.

Only JSON's types are read: tags, anchors, aliases, duplicate keys and keys that are not strings are refused, and a
date stays the string it was written as.
"""

from __future__ import annotations

import json
import os
import re
import stat
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cuebook import canonical, wire
from cuebook._names import legal_name

# Content is limited to 1 MiB of canonical JSON; escapes and indentation may make its file larger.
FILE_BYTES_MAX = 8 * 1024 * 1024
FORMS = (".prompt.md", ".prompt.yaml", ".prompt.yml", ".prompt.json")
METADATA = ("description", "owner", "tags", "aliases")

_FENCE = re.compile(rb"(?:\xef\xbb\xbf)?---\r?\n")
_CLOSING = re.compile(rb"^---[ \t]*(?:\r?\n|\Z)", re.MULTILINE)
# What goes without saying in front matter.
_TEXT_DEFAULTS: Mapping[str, Any] = {"kind": "text", "engine": "simple", "variables": {}}


class BadFile(ValueError):
    """A file cannot be taken; the message says why, ``path`` which one."""

    def __init__(self, path: str | Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = str(path)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class PromptFile:
    """One prompt as a file holds it: the content the digest covers, and what people say about it."""

    name: str
    content: Mapping[str, Any]
    description: str = ""
    owner: str = ""
    tags: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


def form_of(filename: str) -> str | None:
    """Which of ``FORMS`` a file name has, if any."""
    return next((form for form in FORMS if filename.endswith(form)), None)


def name_of(relative: Path) -> str:
    """The prompt name a path below the root stands for. Raises ``BadFile`` when it is no legal name."""
    form = form_of(relative.name)
    name = ".".join([*relative.parts[:-1], relative.name.removesuffix(form or "")])
    if form is None or not legal_name(name):
        raise BadFile(relative, f"{name!r} is not a prompt name (a-z, 0-9, `_` and `-`; folders are the dots)")
    return name


def read_file(path: Path, root: Path) -> PromptFile:
    """The prompt in ``path``, named by its place below ``root``. Raises ``BadFile``."""
    relative = _below(path, root)
    name = name_of(relative)
    return parse(read_bytes(path, root), name=name, filename=path.name)


def read_bytes(path: Path, root: Path, bytes_max: int = FILE_BYTES_MAX) -> bytes:
    """A regular file's bytes, reached without following any link below ``root``. Raises ``BadFile``."""
    relative = _below(path, root)
    _refuse_links(root, relative)
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise BadFile(relative, "it is not a regular file")
            if status.st_size > bytes_max:
                raise BadFile(relative, f"it has {status.st_size} bytes, at most {bytes_max} are read")
            return file.read(bytes_max)
    except OSError as error:
        raise BadFile(relative, f"it cannot be read ({error.strerror})") from None


def parse(data: bytes, *, name: str, filename: str) -> PromptFile:
    """A prompt from a file's bytes; ``filename`` decides the form: front matter and text, JSON, else YAML."""
    try:
        if filename.endswith(".md"):
            return _prompt(name, *_front_matter(data))
        loaded = wire.loads(data) if filename.endswith(".json") else load_yaml(data.decode("utf-8"))
        return _prompt(name, _mapping(loaded))
    except UnicodeDecodeError as error:
        raise BadFile(filename, f"it is not UTF-8 (byte {error.start})") from None
    except (ValueError, TypeError) as error:
        raise BadFile(filename, str(error)) from None


def load_yaml(text: str) -> Any:
    """Read one YAML document of JSON's types. Raises ``ValueError`` that says why and where."""
    from cuebook import _yaml  # on demand: most commands read no YAML

    return _yaml.load(text)


def path_of(name: str, form: str) -> Path:
    """Where a prompt's file stands below the root. Raises ``BadFile`` for an illegal name."""
    if not legal_name(name):
        raise BadFile(name, "it is not a prompt name")
    *folders, leaf = name.split(".")
    return Path(*folders, leaf + form)


def write_file(prompt: PromptFile, root: Path) -> Path:
    """Write a prompt below ``root``, whole or not at all, and give its path.

    A text prompt becomes ``.prompt.md``, a chat prompt ``.prompt.yaml``. What these cannot bring back exactly becomes
    ``.prompt.json``. The prompt's file of another form, left from an earlier export, is removed.
    """
    form, data = encode(prompt)
    relative = path_of(prompt.name, form)
    target = root / relative
    _refuse_links(root, relative)
    target.parent.mkdir(parents=True, exist_ok=True)
    _replace(target, data)
    for other in FORMS:
        if other != form:
            (root / path_of(prompt.name, other)).unlink(missing_ok=True)
    return target


def encode(prompt: PromptFile) -> tuple[str, bytes]:
    """The form and the bytes of a prompt's file. What is given was read back and has the same content."""
    for form, data in _candidates(prompt):
        try:
            if same(parse(data, name=prompt.name, filename=form), prompt):
                return form, data
        except BadFile:
            continue
    raise BadFile(prompt.name, "its content cannot be written as a file")


def same(one: PromptFile, other: PromptFile) -> bool:
    """Whether two files say the same: equal canonical JSON of the content, equal metadata."""
    return canonical.dumps(_document(one)) == canonical.dumps(_document(other))


def _candidates(prompt: PromptFile) -> Iterator[tuple[str, bytes]]:
    document = _document(prompt)
    try:
        if prompt.content.get("kind") == "text" and isinstance(prompt.content.get("text"), str):
            yield ".prompt.md", _as_markdown(document)
        else:
            yield ".prompt.yaml", _dump_yaml(document).encode()
    except ValueError:
        pass  # JSON brings back everything
    yield ".prompt.json", (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


def _dump_yaml(value: Any) -> str:
    from cuebook import _yaml

    return _yaml.dump(value)


def _document(prompt: PromptFile) -> dict[str, Any]:
    said = {
        "description": prompt.description,
        "owner": prompt.owner,
        "tags": list(prompt.tags),
        "aliases": list(prompt.aliases),
    }
    return {key: value for key, value in said.items() if value} | dict(prompt.content)


def _as_markdown(document: Mapping[str, Any]) -> bytes:
    text: bytes = document["text"].encode()
    head = {key: value for key, value in document.items() if key != "text" and _TEXT_DEFAULTS.get(key) != value}
    if head:
        return b"---\n" + _dump_yaml(head).encode() + b"---\n" + text
    # A text that itself begins like front matter needs an empty one before it.
    return b"---\n---\n" + text if _FENCE.match(text) else text


def _front_matter(data: bytes) -> tuple[dict[str, Any], str | None]:
    opening = _FENCE.match(data)
    if opening is None:
        return {}, data.decode("utf-8")
    closing = _CLOSING.search(data, opening.end())
    if closing is None:
        raise ValueError("its front matter does not end with a line `---`")
    head = data[opening.end() : closing.start()].decode("utf-8")
    return _mapping(load_yaml(head) or {}), data[closing.end() :].decode("utf-8")


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("it must hold one mapping, such as `kind: text`")
    return value


def _prompt(name: str, document: dict[str, Any], text: str | None = None) -> PromptFile:
    if text is not None:
        if "text" in document:
            raise TypeError("its front matter holds `text`; the text stands below it")
        document = {**_TEXT_DEFAULTS, **document, "text": text}
    return PromptFile(
        name,
        {key: value for key, value in document.items() if key not in METADATA},
        _string(document, "description"),
        _string(document, "owner"),
        _strings(document, "tags"),
        _strings(document, "aliases"),
    )


def _string(document: Mapping[str, Any], key: str) -> str:
    value = document.get(key) or ""
    if not isinstance(value, str):
        raise TypeError(f"`{key}` must be a string")
    return value


def _strings(document: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = document.get(key) or []
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise TypeError(f"`{key}` must be a list of strings")
    return tuple(value)


def _below(path: Path, root: Path) -> Path:
    try:
        relative = path.relative_to(root)
    except ValueError:
        raise BadFile(path, f"it is not below {root}") from None
    if ".." in relative.parts:
        raise BadFile(path, "`..` is not followed")
    return relative


def _refuse_links(root: Path, relative: Path) -> None:
    place = root
    for part in relative.parts:
        place = place / part
        if place.is_symlink():
            raise BadFile(relative, "symbolic links are not followed")


def _replace(target: Path, data: bytes) -> None:
    """Write beside the target, then rename: a reader sees the old file or the new one."""
    temporary = target.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        temporary.write_bytes(data)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
