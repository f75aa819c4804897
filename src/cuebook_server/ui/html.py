"""HTML as nested calls. Text is escaped because it is text: only what ``element`` made itself goes in as markup.

A template language would be one more thing that can run what it reads (see the house rules), for three pages.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

_VOID = frozenset({"br", "input", "link", "meta"})


class Html(str):
    """Markup. Nothing but this module makes it."""

    __slots__ = ()


Child = str | int | None | Iterable["Child"]


def element(tag: str, *children: Child, **attributes: str | bool | None) -> Html:
    """An element. ``class_`` stands for ``class``, ``data_x`` for ``data-x``; ``None`` and ``False`` drop out."""
    given = "".join(_attribute(name, value) for name, value in attributes.items())
    if tag in _VOID:
        return Html(f"<{tag}{given}>")
    return Html(f"<{tag}{given}>{''.join(map(_text, children))}</{tag}>")


def document(*children: Child) -> bytes:
    """A whole page, in UTF-8."""
    return f"<!doctype html>\n{element('html', *children, lang='en')}\n".encode(errors="replace")


def person(text: str) -> Html:
    """What somebody typed: its writing direction ends where it ends."""
    return element("bdi", text)


def _attribute(name: str, value: str | bool | None) -> str:
    if value is None or value is False:
        return ""
    written = name.rstrip("_").replace("_", "-")
    return f" {written}" if value is True else f' {written}="{escape(value)}"'


def _text(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Html):
        return child
    if isinstance(child, str | int):
        return escape(str(child))
    return "".join(map(_text, child))
