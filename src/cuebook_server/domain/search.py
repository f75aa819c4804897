"""What a search compares: words, the same on every database.

Words are folded (case, compatibility forms) and written in ASCII, so that no database's own idea of a letter matters and a
prefix stays a prefix. Scripts that write no spaces (Chinese, Japanese kana) count character by character.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from itertools import accumulate

WORD_CHARS_MAX = 64
# PostgreSQL counts the places in its index with 20 bits; what comes after so many bytes of different words is not found.
WORDS_BYTES_MAX = 1_000_000
QUERY_WORDS_MAX = 12
SNIPPET_CHARS = 160
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")


def words(text: str) -> list[str]:
    """The distinct words of a text, in order of first appearance."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    found = list(dict.fromkeys(_ascii(match[0][:WORD_CHARS_MAX]) for match in _WORD.finditer(folded)))
    within = bisect_right(list(accumulate(map(len, found))), WORDS_BYTES_MAX)
    return found[:within]


def _ascii(word: str) -> str:
    """Every character on its own, so that a beginning stays one: `q` doubled, others beyond ASCII as `q` and UTF-16 in hex."""
    escaped = word.replace("q", "qq")
    if escaped.isascii():
        return escaped
    return "".join(c if c.isascii() else f"q{c.encode('utf-16-be').hex('q', 2)}" for c in escaped)


def query(text: str) -> list[str]:
    """The words a person looks for; each counts as a beginning of a word."""
    return words(text)[:QUERY_WORDS_MAX]


def snippet(text: str, wanted: str) -> str:
    """A piece of the text around the first wanted word, on one line."""
    folded = text.casefold()
    places = [folded.find(word) for word in wanted.casefold().split()]
    first = min((place for place in places if place >= 0), default=0)
    start = max(0, first - SNIPPET_CHARS // 4)
    piece = " ".join(text[start : start + SNIPPET_CHARS].split())
    return ("…" if start else "") + piece + ("…" if start + SNIPPET_CHARS < len(text) else "")
