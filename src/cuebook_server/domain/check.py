"""What somebody should look at before a draft becomes a version: findings in its texts and its contract, each with its place.

Nothing here refuses anything: what may not be saved is refused by ``content``. A place is a JSON pointer into the content and,
in a text, a range of characters (Unicode code points). A finding never quotes a text: a secret may stand in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, Literal

from cuebook.template import Literal as Plain
from cuebook.template import Slot, Template, parse
from cuebook_server.domain.canonical import pointer

Kind = Literal[
    "possible_secret",
    "hidden_characters",
    "unknown_braces",
    "unbounded_variable",
    "undeclared_variable",
    "unused_variable",
]
# Nobody works through more; and an answer stays small whatever was sent.
FINDINGS_MAX = 100
_BRACES = re.compile(r"\{\{(?:(\{\{)|[^{}\n]{0,80}\}\})?")
# Characters that hide something from whoever reads. Joiners are left alone: Persian and many emoji are written with them.
_HIDDEN = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064"
    "\u2066-\u206f\ufeff\U000e0000-\U000e007f\U000e0100-\U000e01ef]+"
)
_SAMPLES: Mapping[str, object] = {"integer": 1, "number": 1.5, "boolean": True, "array": [], "object": {}}
# Types whose values are somebody's words.
_WORDS = frozenset({"string", "any", "array", "object"})


@dataclass(frozen=True, slots=True)
class Secret:
    """A stretch of a text that looks like a credential; ``what`` names its kind."""

    what: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Finding:
    """Something worth a look. ``at``: a JSON pointer; ``start`` and ``end``: the characters meant in the text there, if any."""

    kind: Kind
    sentence: str
    at: str
    start: int | None = None
    end: int | None = None

    @property
    def confirm(self) -> bool:
        """Whether somebody should be asked before this is saved: a version never changes, and can be read for ever."""
        return self.kind == "possible_secret"


@dataclass(frozen=True, slots=True)
class _Text:
    """A text of a content, where it stands and who says it (``""`` in a text prompt)."""

    at: str
    role: str
    text: str
    parsed: Template

    def slots(self) -> dict[str, tuple[int, int]]:
        """Where each variable stands first."""
        return {name: (start, end) for name, start, end in reversed([*_slots(self.parsed)])}


def check(
    document: Mapping[str, Any], served: Mapping[str, Any] | None, secrets: Callable[[str], Iterable[Secret]]
) -> tuple[Finding, ...]:
    """Look at a draft's document (``content.Draft``), the gravest first, at most ``FINDINGS_MAX``.

    served: the same as applications would get it, where its fragments are known; what only shows with them is left out else.
    """
    texts = [*_texts(document)]
    found = chain(
        (finding for text in texts for finding in _secret(text, secrets)),
        (finding for text in texts for finding in _hidden(text)),
        (finding for text in texts for finding in _braces(text)),
        _unbounded(document, served or document),
        _undeclared(texts, document["variables"]),
        _unused(document, served or document),
    )
    return tuple(islice(found, FINDINGS_MAX))


def samples(served: Mapping[str, Any]) -> dict[str, object]:
    """A value for each variable to look at a prompt with, and a message for each placeholder."""
    values = {name: _sample(name, spec) for name, spec in served["variables"].items()}
    places = [message["placeholder"] for message in served.get("messages", ()) if "placeholder" in message]
    return values | {name: [{"role": "user", "content": f"({name.replace('_', ' ')})"}] for name in places}


def _sample(name: str, spec: Mapping[str, Any]) -> object:
    if "default" in spec:
        return spec["default"]
    if "enum" in spec:
        return spec["enum"][0]
    return _SAMPLES.get(spec["type"], name.replace("_", " "))


def _texts(document: Mapping[str, Any]) -> Iterator[_Text]:
    """Every text a template may stand in."""
    if document["kind"] == "text":
        yield _Text("/text", "", document["text"], parse(document["text"]))
    for index, message in enumerate(document.get("messages", ())):
        at, role, content = pointer("/messages", index, "content"), message.get("role", ""), message.get("content", ())
        if isinstance(content, str):
            yield _Text(at, role, content, parse(content))
            continue
        for number, part in enumerate(content):
            if part["type"] == "text":
                yield _Text(pointer(at, number, "text"), role, part["text"], parse(part["text"]))


def _slots(template: Template) -> Iterator[tuple[str, int, int]]:
    at = 0
    for segment in template.segments:
        if isinstance(segment, Slot):
            yield segment.name, at, at + len(segment.source)
        at += len(segment.source)


def _secret(text: _Text, secrets: Callable[[str], Iterable[Secret]]) -> Iterator[Finding]:
    for one in secrets(text.text):
        words = f"This looks like a secret ({one.what}). A version can be read for ever: let the application keep it."
        yield Finding("possible_secret", words, text.at, one.start, one.end)


def _hidden(text: _Text) -> Iterator[Finding]:
    for match in _HIDDEN.finditer(text.text):
        codes = ", ".join(f"U+{ord(character):04X}" for character in match[0][:3])
        more = " and more" if len(match[0]) > 3 else ""
        yield Finding("hidden_characters", f"Here are characters that nobody sees: {codes}{more}.", text.at, *match.span())


def _braces(text: _Text) -> Iterator[Finding]:
    at = 0
    for segment in text.parsed.segments:
        for match in _BRACES.finditer(segment.source) if isinstance(segment, Plain) else ():
            if not match[1]:
                words = "Two braces that are no variable: they stay as they are written."
                yield Finding("unknown_braces", words, text.at, at + match.start(), at + match.end())
        at += len(segment.source)


def _unbounded(document: Mapping[str, Any], served: Mapping[str, Any]) -> Iterator[Finding]:
    """Variables, of the draft itself or of its fragments, that take somebody's words into the system role."""
    for own, flat in zip(_texts(document), _texts(served), strict=True):
        if own.role == "system":
            places = own.slots()
            for name in flat.parsed.variables:
                spec = served["variables"].get(name, {})
                if spec.get("type", "string") in _WORDS and "enum" not in spec:
                    by = "" if name in places else ", by a fragment"
                    words = f"`{name}` takes any text into the system role{by}. Give it a list of values, or move it."
                    yield Finding("unbounded_variable", words, own.at, *places.get(name, ()))


def _undeclared(texts: Iterable[_Text], declared: Mapping[str, Any]) -> Iterator[Finding]:
    """Variables that a contract leaves out; whoever declares none at all does not keep one."""
    known = set(declared)
    for text in texts if declared else ():
        for name, (start, end) in text.slots().items():
            if name not in known:
                known.add(name)
                words = f"`{name}` is not declared: it becomes a required string."
                yield Finding("undeclared_variable", words, text.at, start, end)


def _unused(document: Mapping[str, Any], served: Mapping[str, Any]) -> Iterator[Finding]:
    """Declared, and in no text; where the fragments are not known, one of them may use it."""
    if served is document and any(text.parsed.includes for text in _texts(document)):
        return
    used = {name for text in _texts(served) for name in text.parsed.variables}
    for name in document["variables"]:
        if name not in used:
            yield Finding("unused_variable", f"`{name}` is declared, and no text uses it.", pointer("/variables", name))
