"""The content of a version: what a person may write, its normal form, and its digest.

``draft`` checks what came in; ``lock`` flattens the fragments it includes and gives the content that is saved. In between the
caller looks the fragments up. Saving a content's own document again gives the same digest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cuebook.template import RenderTooLarge, flatten, parse
from cuebook.variables import VARIABLES_MAX
from cuebook_server.domain.canonical import CONTENT_BYTES_MAX, canonical, digest, read_canonical
from cuebook_server.domain.content_fields import normal_form
from cuebook_server.domain.errors import BadContent, ContentTooLarge, FragmentMissing
from cuebook_server.domain.fragment import Fragment

INCLUDES_MAX = 256
_INFERRED: Mapping[str, Any] = {"type": "string", "required": True}


@dataclass(frozen=True, slots=True)
class Draft:
    """Checked content whose fragments are not locked yet.

    ``document`` is its normal form without includes, ``includes_wanted`` the fragments its texts name, in order of first
    appearance, and ``pins`` the version numbers the author asked for; numbers for fragments that are not used are dropped.
    """

    document: Mapping[str, Any]
    includes_wanted: tuple[str, ...]
    pins: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a version, ready to save.

    ``document`` is what the author wrote in normal form, ``canonical`` its RFC 8785 bytes, ``digest`` their SHA-256.
    ``served`` is what applications get: the document with its fragments flattened in and without ``includes``.
    ``served_canonical`` is ``None`` when that is the document itself.
    """

    document: dict[str, Any]
    canonical: bytes
    digest: str
    served: dict[str, Any]
    served_canonical: bytes | None


def draft(raw: object) -> Draft:
    """Check a JSON value against the content model. Raises ``BadContent`` (with ``at``) and ``ContentTooLarge``."""
    # There and back: 1.0 becomes 1 as it will be when read again, and nothing is shared with the caller.
    document = normal_form(read_canonical(canonical(raw)))
    pins = document.pop("includes", {})
    templates = [parse(text) for text in _texts(document)]
    wanted = dict.fromkeys(name for template in templates for name in template.includes)
    if len(wanted) > INCLUDES_MAX:
        raise BadContent(f"It includes {len(wanted)} fragments.", at="", hint=f"At most {INCLUDES_MAX}.")
    return Draft(document, tuple(wanted), {name: number for name, number in pins.items() if name in wanted})


def lock(draft: Draft, fragments: Mapping[str, Fragment]) -> Content:
    """Lock the fragments to the versions given, flatten them in, and complete the variable contract.

    A variable that is used and not declared gets the spec a fragment declares for it, else it is a required string. The
    document declares what its own texts use; what only a fragment uses stands in the served contract, so that a document
    saved again with a newer fragment does not go on asking for what the older one used.
    Raises ``FragmentMissing``, ``BadContent`` (too many variables, or one named like a placeholder), ``ContentTooLarge``.
    """
    included = {name: _fragment(draft, name, fragments) for name in draft.includes_wanted}
    contracts = [fragment.variables for fragment in included.values()]
    document = {**draft.document, "variables": _complete(draft.document, draft.document["variables"], contracts)}
    if not included:
        data = _checked(document)
        return Content(document, data, digest(data), document, None)
    served = _flattened(document, {name: fragment.text for name, fragment in included.items()})
    served["variables"] = _complete(served, document["variables"], contracts)
    document["includes"] = {name: fragment.number for name, fragment in included.items()}
    data = _checked(document)
    return Content(document, data, digest(data), served, _checked(served))


def texts(document: Mapping[str, Any]) -> str:
    """All text of a document that a search should find, joined by newlines. Without NUL, which PostgreSQL's text refuses."""
    return "\n".join(_texts(document)).replace("\x00", "")


def _fragment(draft: Draft, name: str, fragments: Mapping[str, Fragment]) -> Fragment:
    fragment = fragments.get(name)
    pin = draft.pins.get(name)
    if fragment is None or pin not in (None, fragment.number):
        wanted = name if pin is None else f"{name} version {pin}"
        raise FragmentMissing(f"The fragment {wanted} does not exist.", name=name, version=pin)
    return fragment


def _complete(
    document: Mapping[str, Any], declared: Mapping[str, Any], contracts: Iterable[Mapping[str, Any]]
) -> dict[str, Mapping[str, Any]]:
    """The declared variables, and those the document's texts use besides, with the specs of the fragments' contracts."""
    used = dict.fromkeys(name for text in _texts(document) for name in parse(text).variables)
    offered: dict[str, Mapping[str, Any]] = {}
    for contract in contracts:
        for name, spec in contract.items():
            # What another fragment merely inferred says less than what this one declares.
            if offered.get(name, _INFERRED) == _INFERRED:
                offered[name] = spec
    return {**declared, **{name: offered.get(name, _INFERRED) for name in used if name not in declared}}


def _checked(document: Mapping[str, Any]) -> bytes:
    """The canonical bytes, once what only the whole can show has been looked at."""
    variables = document["variables"]
    if len(variables) > VARIABLES_MAX:
        raise BadContent(f"It uses {len(variables)} variables.", at="/variables", hint=f"At most {VARIABLES_MAX}.")
    for index, message in enumerate(document.get("messages", ())):
        if (name := message.get("placeholder")) in variables:
            raise BadContent(
                f"`{name}` names a placeholder and a variable.",
                at=f"/messages/{index}/placeholder",
                hint="Rename one of them: values are given by name.",
            )
    return canonical(document)


def _flattened(document: Mapping[str, Any], sources: Mapping[str, str]) -> dict[str, Any]:
    left = CONTENT_BYTES_MAX  # for all texts together: a thousand messages may each include the same large fragment

    def change(text: str) -> str:
        nonlocal left
        flat = flatten(text, sources, chars_max=left)
        left -= len(flat)
        return flat

    try:
        return _map_texts(document, change)
    except RenderTooLarge:
        raise ContentTooLarge("With its fragments the content is larger than 1 MiB.") from None


def _texts(document: Mapping[str, Any]) -> Iterator[str]:
    """Every text a template may stand in."""
    if document["kind"] == "text":
        yield document["text"]
    for message in document.get("messages", ()):
        content = message.get("content", ())
        if isinstance(content, str):
            yield content
        else:
            yield from (part["text"] for part in content if part["type"] == "text")


def _map_texts(document: Mapping[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """The document with each of these texts changed; the given one stays as it is."""

    def part(value: dict[str, Any]) -> dict[str, Any]:
        return {**value, "text": change(value["text"])} if value["type"] == "text" else value

    def message(value: dict[str, Any]) -> dict[str, Any]:
        match value.get("content"):
            case None:
                return value
            case str(content):
                return {**value, "content": change(content)}
            case content:
                return {**value, "content": [part(each) for each in content]}

    if document["kind"] == "text":
        return {**document, "text": change(document["text"])}
    return {**document, "messages": [message(each) for each in document["messages"]]}
