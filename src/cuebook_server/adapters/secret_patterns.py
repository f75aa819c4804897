"""Finds what looks like a credential, by the patterns of detect-secrets. Nothing is verified over the network."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any

from cuebook_server.domain.check import Secret

if TYPE_CHECKING:
    from detect_secrets.plugins.base import RegexBasedDetector

# Some of the patterns take the square of what they look at: a megabyte at once would take minutes. So a text is looked at in
# stretches, each of which begins before the last one ends, so that a credential that is cut in one is whole in the next.
STRETCH_CHARS, OVERLAP_CHARS = 1_000, 250
# An address is no secret.
_NO_SECRET = "Public IP (ipv4)"  # noqa: S105 - the name of a pattern


def find(text: str) -> Iterator[Secret]:
    """The stretches of ``text`` that look like a credential, each once."""
    seen: set[int] = set()
    for at in range(0, max(1, len(text) - OVERLAP_CHARS), STRETCH_CHARS - OVERLAP_CHARS):
        stretch = text[at : at + STRETCH_CHARS]
        for detector in _detectors():
            for match in chain.from_iterable(pattern.finditer(stretch) for pattern in detector.denylist):
                # The detector has the last word: some look at more than the pattern.
                if at + match.start() not in seen and any(detector.analyze_string(match[0])):
                    seen.add(at + match.start())
                    yield Secret(detector.secret_type, at + match.start(), at + match.end())


@cache
def _detectors() -> tuple[RegexBasedDetector, ...]:
    # On demand: it takes a third of a second, and a node that only serves needs none of it.
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
    from detect_secrets.plugins.base import RegexBasedDetector

    found: dict[str, Any] = get_mapping_from_secret_type_to_class()
    return tuple(found[name]() for name in sorted(found) if issubclass(found[name], RegexBasedDetector) and name != _NO_SECRET)
