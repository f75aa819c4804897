"""The `simple` template engine: text with ``{{variables}}``. Logic-less; server and SDK use this same file.

* ``{{ name }}`` is a variable; space, tab, CR and LF may stand inside the braces. A name is a Unicode letter or underscore,
  then letters, decimal digits and underscores, 64 characters at most.
* ``{{> support.tone }}`` includes another prompt's text. The registry flattens includes when a version is saved.
* ``{{{{`` writes a literal ``{{``.
* Everything else stays as it is: JSON, Jinja's ``{{ user.name }}``, GitHub's ``${{ x }}``.

Tags are found leftmost first, left to right, in one pass. Values go in as they are and are never scanned.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TypeAlias

INCLUDE_BYTES_MAX = 200
FLATTENED_CHARS_MAX = 4 * 1024 * 1024

# A repeat has one way to match, so nothing is tried twice; and none runs over a brace, so a failed attempt never reads past
# the next place where another one can start. Together: linear in the input, whatever the input is.
_SPACE = r"[ \t\r\n]*+"
_IDENTIFIER = r"[^\W\d]\w{0,63}+"
# No group is repeated possessively, as `(...)*+`: Python before 3.11.5 takes what does not match (python/cpython#106052).
_SEGMENT = r"[a-z0-9]++(?:[_-]++[a-z0-9]++)*"
_NAME = rf"{_SEGMENT}(?:\.{_SEGMENT})*"
TAG = re.compile(rf"\{{\{{(?:\{{\{{|{_SPACE}(?:({_IDENTIFIER})|>{_SPACE}({_NAME})){_SPACE}\}}\}})")
_WHOLE_IDENTIFIER = re.compile(_IDENTIFIER)
_GAPS = slice(1, None, 2)


class TemplateError(ValueError):
    """A template or its values are refused. The sentence names variables, never their values."""


class MissingVariables(TemplateError):
    """Values are missing; ``names`` holds all of their names, sorted."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(sorted(names))
        super().__init__(f"missing {_plural(self.names, 'variable')}: {', '.join(self.names)}")


class WrongType(TemplateError):
    """A value does not have the type its variable was declared with."""

    def __init__(self, name: str, expected: str, got: str) -> None:
        self.name, self.expected, self.got = name, expected, got
        super().__init__(f"the variable {name} takes {expected}, not {got}")


class UnresolvedIncludes(TemplateError):
    """Fragments are included here but their text is not known; ``names`` holds their names."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(sorted(names))
        super().__init__(f"no text for the included {_plural(self.names, 'fragment')}: {', '.join(self.names)}")


class RenderTooLarge(TemplateError):
    """The output would be larger than ``limit`` (bytes when rendering, characters when flattening)."""

    def __init__(self, size: int, limit: int) -> None:
        self.size, self.limit = size, limit
        super().__init__(f"the text would have a size of {size}; the limit is {limit}")


@dataclass(frozen=True, slots=True)
class Literal:
    """Text that stays, as written in the source (with ``{{{{`` for ``{{``)."""

    source: str

    @property
    def text(self) -> str:
        """What it writes."""
        return unescape(self.source)


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of a variable's value."""

    source: str
    name: str


@dataclass(frozen=True, slots=True)
class Include:
    """The place of a fragment's text."""

    source: str
    name: str


Segment: TypeAlias = Literal | Slot | Include


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed text. ``variables`` and ``includes`` hold each name once, in order of first appearance.

    ``counts``: how often each variable stands in the text; ``literal_bytes``: the UTF-8 size of everything else.
    """

    segments: tuple[Segment, ...]
    variables: tuple[str, ...] = field(init=False, compare=False)
    includes: tuple[str, ...] = field(init=False, compare=False)
    counts: Mapping[str, int] = field(init=False, repr=False, compare=False)
    literal_bytes: int = field(init=False, repr=False, compare=False)
    # Literals at even places, a gap for a value at each odd one: rendering fills the gaps of a copy and joins.
    _ready: list[str] = field(init=False, repr=False, compare=False)
    _pick: Callable[[Mapping[str, str]], Sequence[str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        slots = [segment.name for segment in self.segments if isinstance(segment, Slot)]
        ready = _interleave(self.segments)
        derived = {
            "variables": tuple(dict.fromkeys(slots)),
            "includes": tuple(dict.fromkeys(segment.name for segment in self.segments if isinstance(segment, Include))),
            "counts": Counter(slots),
            "literal_bytes": sum(map(utf8_bytes, ready)),
            "_ready": ready,
            "_pick": _picker(slots),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    def render(self, values: Mapping[str, str]) -> str:
        """Write the text with its values.

        Raises ``MissingVariables``, ``WrongType`` for a value that is no string, ``UnresolvedIncludes``.
        """
        if self.includes:
            raise UnresolvedIncludes(self.includes)
        parts = [*self._ready]
        try:
            parts[_GAPS] = self._pick(values)
            return "".join(parts)
        except KeyError:
            raise MissingVariables(name for name in self.variables if name not in values) from None
        except TypeError:
            wrong = next(name for name in self.variables if not isinstance(values[name], str))
            raise WrongType(wrong, "string", type(values[wrong]).__name__) from None


def parse(text: str) -> Template:
    """Take a text apart. Never fails: what is no tag is a literal."""
    segments: list[Segment] = []
    end = 0
    for match in TAG.finditer(text):
        tag = _tag(match)
        if tag is None:
            continue
        if match.start() > end:
            segments.append(Literal(text[end : match.start()]))
        segments.append(tag)
        end = match.end()
    if end < len(text):
        segments.append(Literal(text[end:]))
    return Template(tuple(segments))


def escape(text: str) -> str:
    """The template that writes exactly ``text``, whatever braces it holds."""
    return text.replace("{{", "{{{{")


def unescape(text: str) -> str:
    """Undo ``escape``: what a template without tags writes."""
    return text.replace("{{{{", "{{")


def flatten(text: str, fragments: Mapping[str, str], *, chars_max: int = FLATTENED_CHARS_MAX) -> str:
    """Put the source text of each fragment where it is included. Includes inside a fragment stay includes.

    Each part keeps its meaning: where text that meets at a seam would read as another tag (a fragment ``{{``, then ``name}}``),
    the result is written with its literals escaped.
    Raises ``UnresolvedIncludes`` and, before anything large is built, ``RenderTooLarge``.
    """
    template = parse(text)
    if unknown := [name for name in template.includes if name not in fragments]:
        raise UnresolvedIncludes(unknown)
    size = sum(len(fragments[s.name]) if isinstance(s, Include) else len(s.source) for s in template.segments)
    if size > chars_max:
        raise RenderTooLarge(size, chars_max)
    parsed = {name: parse(fragments[name]).segments for name in template.includes}
    pieces = [piece for s in template.segments for piece in (parsed[s.name] if isinstance(s, Include) else (s,))]
    source = "".join(piece.source for piece in pieces)
    if _meaning(parse(source).segments) == (meaning := _meaning(pieces)):
        return source
    return "".join(escape(part) if isinstance(part, str) else part.source for part in meaning)


def is_identifier(name: str) -> bool:
    """Whether ``name`` can name a variable."""
    return _WHOLE_IDENTIFIER.fullmatch(name) is not None and _only_letters_and_digits(name)


def utf8_bytes(text: str) -> int:
    """The size of ``text`` in UTF-8. Lone surrogates count as three bytes."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _tag(match: re.Match[str]) -> Slot | Include | None:
    """The tag that was found, or ``None`` for what stays literal (an escape, or a name against the grammar)."""
    identifier, include = match.groups()
    if identifier and _only_letters_and_digits(identifier):
        return Slot(match[0], identifier)
    if include and len(include) <= INCLUDE_BYTES_MAX:
        return Include(match[0], include)
    return None


def _only_letters_and_digits(word: str) -> bool:
    # `\w` also takes numerals that are neither letters nor decimal digits, such as "²" and "Ⅷ".
    return word.isascii() or all(c == "_" or c.isalpha() or c.isdecimal() for c in word)


def _interleave(segments: Iterable[Segment]) -> list[str]:
    ready = [""]
    for segment in segments:
        if isinstance(segment, Literal):
            ready[-1] += segment.text
        elif isinstance(segment, Slot):
            ready += ["", ""]
    return ready


def _picker(names: Sequence[str]) -> Callable[[Mapping[str, str]], Sequence[str]]:
    """What takes the values of ``names`` out of a mapping, in order."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda values: [values[name] for name in names]  # itemgetter gives one value bare


def _meaning(segments: Iterable[Segment]) -> list[str | Slot | Include]:
    """The segments with literals as the text they write, and neighbouring ones joined."""
    meaning: list[str | Slot | Include] = []
    run: list[str] = []
    for segment in segments:
        if isinstance(segment, Literal):
            run.append(segment.text)
            continue
        meaning += ["".join(run), segment]
        run = []
    return [*meaning, "".join(run)]


def _plural(names: Sequence[str], noun: str) -> str:
    return noun if len(names) == 1 else f"{noun}s"
