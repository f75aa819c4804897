"""A snapshot outside of memory: the disk copy and the bundle are the same record, one JSON object.

It holds the registry's answer as it came, so that what is read from a file passes the same checks as what comes from the
network. A digest over the whole record finds a file that was cut or changed. Pure: reading and writing is done elsewhere.

    digest = "sha256:" + hex SHA-256 of these lines, joined by line feeds, in UTF-8:
        format, server, kind, selector, environment, epoch, revision, as_of, then "name: value" of the headers, sorted,
        then an empty line, then the body
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cuebook import wire
from cuebook._exchange import Answer
from cuebook._verify import Verifier
from cuebook.delivery import NOTHING, Snapshot, read_snapshot
from cuebook.errors import BadAnswer, EnvironmentMismatch
from cuebook.prompt import Source

FORMAT = "cuebook-snapshot/1"
_KINDS = frozenset({"dev", "stg", "prd", "other"})


@dataclass(frozen=True, slots=True)
class KeyName:
    """What a delivery key says about itself in the clear: its environment's kind and its selector. Never the secret."""

    kind: str = ""
    selector: str = ""

    @classmethod
    def of(cls, key: str) -> KeyName:
        """Of ``cue_<kind>_<selector>_<secret>_<checksum>``; of anything else nothing is known."""
        parts = key.split("_")
        known = len(parts) == 5 and parts[0] == "cue" and parts[1] in _KINDS
        return cls(parts[1], parts[2]) if known else cls()


@dataclass(frozen=True, slots=True)
class Record:
    """``server`` and ``selector`` are empty in a bundle, which is for any key of its environment. ``as_of``: RFC 3339, UTC."""

    server: str
    key: KeyName
    environment: str
    epoch: int
    revision: int
    as_of: str
    headers: Mapping[str, str]
    body: str

    @classmethod
    def of(cls, snapshot: Snapshot, answer: Answer, *, server: str, key: KeyName, now: float) -> Record:
        """The record of the answer that brought a snapshot; ``now`` is Unix time, for a node that does not tell its own."""
        headers = {name: value for name, value in answer.headers.items() if name.startswith("cuebook-") or name in _KEPT}
        told = _stamp(answer.headers.get("cuebook-as-of", ""))
        as_of = datetime.fromtimestamp(now if told is None else told, UTC).isoformat(timespec="milliseconds")
        body = answer.body.decode("utf-8")
        return cls(server, key, snapshot.environment, snapshot.epoch, snapshot.revision, as_of, headers, body)

    @property
    def order(self) -> tuple[int, int]:
        """Which of two records is newer."""
        return self.epoch, self.revision

    def digest(self) -> str:
        """SHA-256 over the whole record, see the module's text."""
        lines = [FORMAT, self.server, self.key.kind, self.key.selector, self.environment, self.epoch, self.revision, self.as_of]
        headers = [f"{name}: {value}" for name, value in sorted(self.headers.items())]
        return "sha256:" + hashlib.sha256("\n".join([*map(str, lines), *headers, "", self.body]).encode()).hexdigest()

    def to_bytes(self) -> bytes:
        """As the file holds it."""
        members = {name: getattr(self, name) for name in _MEMBERS}
        digests = {"digest": self.digest(), "body_digest": "sha256:" + hashlib.sha256(self.body.encode()).hexdigest()}
        whole = {"format": FORMAT, **digests, "kind": self.key.kind, "selector": self.key.selector, **members}
        return json.dumps(whole, ensure_ascii=False, indent=1).encode() + b"\n"

    def snapshot(self, source: Source, now: float, wall: float, verifier: Verifier) -> Snapshot:
        """The snapshot, checked as if it came from the network. ``now`` is the monotonic clock's, ``wall`` Unix time."""
        as_of = _stamp(self.as_of)
        age_s = max(0.0, wall - as_of) if as_of is not None else 0.0
        answer = Answer(200, {**self.headers, "content-type": "application/json"}, self.body.encode())
        snapshot = read_snapshot(answer, now - age_s, source=source)
        if (snapshot.environment, snapshot.epoch, snapshot.revision) != (self.environment, *self.order):
            raise BadAnswer("The record's head and body differ.")
        return verifier.check(answer, snapshot, NOTHING, fresh=False)


def read_record(data: bytes) -> Record:
    """Read a record, whole or not at all. Raises `BadAnswer`."""
    try:
        found: Mapping[str, Any] = wire.loads(data)
        if found["format"] != FORMAT:
            raise BadAnswer(f"Its format is {str(found['format'])[:40]!r}, not {FORMAT}.")
        wrong = [name for name, form in _FORMS.items() if type(found[name]) is not form]
        record = Record(key=KeyName(found["kind"], found["selector"]), **{name: found[name] for name in _MEMBERS})
        whole = not wrong and record.digest() == found["digest"]
    except (wire.WireError, KeyError, TypeError, ValueError) as error:
        raise BadAnswer(f"It is not a whole record ({error}).") from error
    if not whole:
        raise BadAnswer("Its digest does not fit: it was cut or changed.")
    return record


def check_key(record: Record, key: KeyName, environment: str | None) -> None:
    """Raise `EnvironmentMismatch` for a record that this key, or what the caller asserts, cannot mean."""
    if record.key.kind and key.kind and record.key.kind != key.kind:
        raise EnvironmentMismatch(f"It is for keys of the kind {record.key.kind}, and this one is {key.kind}.")
    if record.key.selector and record.key.selector != key.selector:
        raise EnvironmentMismatch("It was written with another key.")
    if environment and record.environment != environment:
        raise EnvironmentMismatch(f"It is of the environment {record.environment}, not of {environment}.")


_MEMBERS = ("server", "environment", "epoch", "revision", "as_of", "headers", "body")
_FORMS = {name: {"epoch": int, "revision": int, "headers": dict}.get(name, str) for name in (*_MEMBERS, "kind", "selector")}
_KEPT = frozenset({"etag"})


def _stamp(text: str) -> float | None:
    """Unix time of RFC 3339 or of milliseconds since 1970."""
    try:
        return int(text) / 1000 if text.isdigit() else datetime.fromisoformat(text).astimezone(UTC).timestamp()
    except (ValueError, OverflowError):
        return None
