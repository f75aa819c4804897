"""What every reader gives: items to import, problems to report, and the names made for them."""

from __future__ import annotations

import fnmatch
import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from cuebook import canonical, template
from cuebook._names import legal_name
from cuebook.errors import Invalid

MESSAGE_CHARS_MAX = 2_000
DESCRIPTION_CHARS_MAX = 2_000
PATH_CHARS_MAX = 400  # an import key, which may hold a path, has 500 at most
_NAME_CHARS_MAX = 190  # leaves room for `-2`
_APOSTROPHES = re.compile("['’`´]")
_MARKS = re.compile("[\u0300-\u036f]")
_BETWEEN = re.compile(r"\W+")
# Letters that Unicode does not take apart into a Latin letter and a mark.
_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})


@dataclass(frozen=True, slots=True)
class Options:
    """How to read. ``match`` keeps files whose path below the source matches the pattern (``*`` also crosses folders)."""

    name_column: str | None = None
    text_column: str | None = None
    literal: bool = False
    prefix: str = ""
    match: str | None = None
    history: bool = True

    def __post_init__(self) -> None:
        if self.prefix and not legal_name(self.prefix):
            raise Invalid(f"The prefix {self.prefix!r} is no prompt name.", hint="Write it like `team.area`.")

    def takes(self, path: str) -> bool:
        """Whether a file at this path (with slashes) is wanted."""
        return self.match is None or fnmatch.fnmatchcase(path, self.match)


@dataclass(frozen=True, slots=True)
class Item:
    """One version to import. ``where`` tells people its place in the source."""

    name: str
    content: Mapping[str, Any]
    message: str
    import_key: str
    where: str
    provenance: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""
    owner: str = ""
    tags: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The item as the registry takes it."""
        body = {
            "name": self.name,
            "content": self.content,
            "message": self.message,
            "import_key": self.import_key,
            "provenance": self.provenance,
        }
        return (
            body
            | ({"description": self.description} if self.description else {})
            | ({"tags": [*self.tags]} if self.tags else {})
        )


@dataclass(frozen=True, slots=True)
class Problem:
    """Something of the source that is not imported: ``skipped`` on purpose, or ``refused`` because it is bad."""

    where: str
    reason: str
    kind: Literal["refused", "skipped"] = "refused"


Read: TypeAlias = Item | Problem


class Names:
    """Names for one import: legal, below the prefix, and each given once; the second of a name gets ``-2``, and so on."""

    def __init__(self, prefix: str = "") -> None:
        self._prefix = [prefix] if prefix else []
        self._taken: set[str] = set()

    def take(self, parts: Iterable[str]) -> str:
        """A free name from the folders and the leaf of something, by ``slug`` of each."""
        wanted = _short(".".join([*self._prefix, *map(slug, parts)]))
        name, count = wanted, 1
        while name in self._taken:
            count += 1
            name = f"{wanted}-{count}"
        self._taken.add(name)
        return name


def slug(text: str) -> str:
    """One segment of a name from any text.

    Lower case, marks taken off letters, apostrophes and letters of other scripts dropped, every other run of characters a
    ``-``. A text in which nothing remains becomes ``prompt-`` and eight digits of its SHA-256. A legal name stays as it is,
    dots included.
    """
    if legal_name(text):
        return text
    folded = unicodedata.normalize("NFKD", _APOSTROPHES.sub("", text)).lower()  # in this order: "ᴬ" only then is an "A"
    plain = folded.translate(_LETTERS)
    parts = (part.encode("ascii", "ignore").decode() for part in _BETWEEN.split(_MARKS.sub("", plain)))
    segment = "-".join(filter(None, parts)).strip("-_")
    return segment or f"prompt-{sha256(text.encode('utf-8', 'surrogatepass'))[:8]}"


def text_content(text: str, *, literal: bool) -> dict[str, Any]:
    """The content of a text prompt; ``literal`` keeps every brace from meaning something."""
    return {"kind": "text", "engine": "simple", "text": template.escape(text) if literal else text}


def file_key(content: Mapping[str, Any]) -> str:
    """The import key of something that has no other identity than its content. Raises ``ValueError`` for what is no JSON."""
    return f"file:{sha256(canonical.dumps(dict(content)))}"


def decode(data: bytes) -> str:
    """A text file's text, exactly. Raises ``ValueError`` with the reason when it is binary or not UTF-8."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"it is not UTF-8 (byte {error.start}, line {line})") from None
    if "\x00" in text:
        raise ValueError("it is binary (it holds a NUL)")
    return text


def clip(text: str, chars_max: int) -> str:
    """Text within a limit, without NULs, its end marked when it was cut."""
    text = text.replace("\x00", "").strip()
    return text if len(text) <= chars_max else text[: chars_max - 1] + "…"


def _short(name: str) -> str:
    if len(name) <= _NAME_CHARS_MAX:
        return name
    return f"{name[: _NAME_CHARS_MAX - 9].rstrip('.-_')}-{sha256(name.encode())[:8]}"


def sha256(data: bytes) -> str:
    """In hex."""
    return hashlib.sha256(data).hexdigest()
