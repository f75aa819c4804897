"""Whether a shared cache in front of a registry gives one key's prompts to another: by asking it with several keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cuebook._exchange import Request
from cuebook.cli.diagnosis import Finding, Machine
from cuebook.delivery import NOTHING, decide, snapshot_request
from cuebook.errors import CuebookError

CHECK = "front"


def front(machine: Machine, address: str, other_key: str) -> Iterator[Finding]:
    """Ask ``address`` with this key, the other one and a wrong one, in turn, without and with the first one's tag.

    The first key asks twice before: then a cache that keeps anything has something to give away.
    """
    (mine, tag), (other, _) = (_ask(machine, machine.urls[0], each) for each in (machine.key, other_key))
    if mine == other or not tag:
        yield Finding(CHECK, "bad", f"Needs two keys of different environments; asked directly these give {mine} and {other}.")
        return
    _ask(machine, address, machine.key)
    for tagged in ({}, {"If-None-Match": tag}):
        how = "with the first key's tag" if tagged else "without a tag"
        wanted: tuple[tuple[str, str, set[str]], ...] = (
            ("this key", machine.key, {mine, "unchanged"} if tagged else {mine}),
            ("the other key", other_key, {other}),
            ("a wrong key", _wrong(machine.key), {"401"}),
        )
        for who, key, good in wanted:
            got, _ = _ask(machine, address, key, tagged)
            data = {"url": address, "key": who, "tagged": bool(tagged), "got": got}
            if got in good:
                yield Finding(CHECK, "ok", f"{who.capitalize()} {how}: {got}, as it must be.", data)
            else:
                wrong = f"{who.capitalize()} {how} gets {got} at {address}, not {' or '.join(sorted(good))}"
                yield Finding(CHECK, "bad", f"{wrong}: let the cache obey `private` and `Vary: Authorization`.", data)


def _ask(machine: Machine, url: str, key: str, tagged: Mapping[str, str] | None = None) -> tuple[str, str]:
    """The environment that a key gets there, ``unchanged``, or the error; and the answer's tag."""
    asked = snapshot_request(NOTHING)
    try:
        with machine.transport(url, key) as transport:
            answer = transport.send(Request(asked.method, asked.path, asked.params, tagged or {}))
    except CuebookError as error:
        return f"no answer ({error.detail})", ""
    if answer.status == 304:
        return "unchanged", ""
    if answer.status != 200:
        return str(answer.status), ""
    try:
        return decide(NOTHING, answer, 0.0).environment, answer.headers.get("etag", "")
    except CuebookError as error:
        return f"no answer ({error.detail})", ""


def _wrong(key: str) -> str:
    """The same key with another last character: nobody's."""
    return key[:-1] + ("0" if key[-1] != "0" else "1")
