"""What `cuebook doctor` looks at, one function a question. Nothing here writes where an application reads."""

from __future__ import annotations

import email.utils
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import cuebook
from cuebook._events import Hello, Parser
from cuebook._exchange import Answer, Request
from cuebook._files import Disk, disk_folder, read_bundle, why_not
from cuebook._record import KeyName
from cuebook._transport import Transport
from cuebook._verify import Verifier
from cuebook.delivery import NOTHING, Snapshot, decide, snapshot_request
from cuebook.errors import CuebookError, NotVerified
from cuebook.signing import STATEMENT_HEADER, read_statement

Verdict = Literal["ok", "note", "bad"]
TIMEOUT_S = 5.0
SKEW_S_MAX = 5.0
START_S_MAX = 2.0


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer to one question. ``note``: works, but look at it; ``bad``: mend it."""

    check: str
    verdict: Verdict
    says: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Machine:
    """What an application on this machine would be told. ``urls``: the addresses in the order in which they are asked.

    ``roots``: the public root keys it trusts.
    """

    urls: list[str]
    key: str
    bundle: str = ""
    disk: str | None = None
    environment: str | None = None
    roots: tuple[str, ...] = ()

    def transport(self, url: str, key: str | None = None) -> Transport:
        """Exchanges as the SDK makes them."""
        return Transport(url, self.key if key is None else key, timeout_s=TIMEOUT_S)


# --- the registry --------------------------------------------------------------------------------------------------------
def registry(machine: Machine) -> tuple[list[Finding], Snapshot]:
    """Whether each address answers this key, what its clock says, and whether it has an event stream; what is served."""
    found, newest = [], NOTHING
    for url in machine.urls:
        with machine.transport(url) as transport:
            began, sent_at = time.monotonic(), time.time()
            try:
                answer = transport.send(snapshot_request(NOTHING, environment=machine.environment))
                snapshot = decide(NOTHING, answer, 0.0, environment=machine.environment)
            except CuebookError as error:
                found.append(Finding("registry", "bad", str(error), {"url": url, "code": error.code}))
                continue
            took_s = time.monotonic() - began
            told = {"url": url, "environment": snapshot.environment, "epoch": snapshot.epoch, "revision": snapshot.revision}
            says = f"{url} serves {len(snapshot.prompts)} prompts of {snapshot.environment} at revision {snapshot.revision}"
            told |= {"prompts": len(snapshot.prompts), "ms": round(took_s * 1000)}
            found += [
                Finding("registry", "ok", f"{says} ({took_s * 1000:.0f} ms).", told),
                clock(answer, sent_at, took_s),
                signatures(machine, answer, snapshot),
                events(transport),
            ]
            newest = max(newest, snapshot, key=lambda each: each.order)
    return found, newest


def clock(answer: Answer, sent_at: float, took_s: float) -> Finding:
    """This machine's clock against the server's ``Date``, which has whole seconds."""
    try:
        theirs = email.utils.parsedate_to_datetime(answer.headers.get("date", "")).timestamp() + 0.5
    except (ValueError, OverflowError):
        return Finding("clock", "note", "The answer tells no time.")
    skew_s, unsure_s = sent_at + took_s / 2 - theirs, 0.5 + took_s / 2
    data = {"skew_s": round(skew_s, 1), "unsure_s": round(unsure_s, 1)}
    if abs(skew_s) - unsure_s <= SKEW_S_MAX:
        return Finding("clock", "ok", f"Agrees with the server's within {abs(skew_s) + unsure_s:.1f} s.", data)
    way = "ahead of" if skew_s > 0 else "behind"
    return Finding("clock", "note", f"{abs(skew_s):.0f} s {way} the server's: the ages of files are wrong by that.", data)


def signatures(machine: Machine, answer: Answer, snapshot: Snapshot) -> Finding:
    """Whether what is served is signed, and whether an application here would take it."""
    verifier = Verifier(machine.roots, kind=KeyName.of(machine.key).kind)
    signed = STATEMENT_HEADER in answer.headers
    if not verifier.demands:
        do = "the registry signs: CUEBOOK_ROOT_KEY would let them count" if signed else "the registry signs nothing"
        return Finding("signatures", "note", f"{verifier.told.capitalize()}; {do}.", {"signed": signed})
    try:
        verifier.check(answer, snapshot, NOTHING)
    except NotVerified as error:
        return Finding("signatures", "bad", f"{error.detail} Applications here stay on what they hold.", {"signed": signed})
    until = datetime.fromtimestamp(read_statement(answer.headers[STATEMENT_HEADER]).expires_at, UTC)
    return Finding(
        "signatures", "ok", f"Signed by a root that is trusted here, until {until:%Y-%m-%d %H:%M} UTC.", {"signed": True}
    )


def events(transport: Transport) -> Finding:
    """Whether the stream opens and says hello, through whatever stands between."""
    try:
        with transport.stream(Request("GET", "/v1/events"), quiet_s=TIMEOUT_S) as stream:
            if stream.status != 200:
                return Finding(
                    "events", "note", f"No stream (status {stream.status}): clients poll.", {"status": stream.status}
                )
            parser, began = Parser(), time.monotonic()
            for chunk in stream.chunks:
                if any(isinstance(event, Hello) for event in parser.feed(chunk)):
                    return Finding("events", "ok", "The stream opens and says hello: releases are heard at once.")
                if time.monotonic() - began > TIMEOUT_S:
                    break
    except CuebookError as error:
        return Finding("events", "note", f"The stream breaks ({error.detail}): clients poll.")
    return Finding("events", "note", "The stream says nothing; something between holds it back: clients poll.")


def key(machine: Machine, served: Snapshot) -> Finding:
    """What the key says about itself in the clear, and what the registry makes of it."""
    name = KeyName.of(machine.key)
    data = {"kind": name.kind, "selector": name.selector, "environment": served.environment or None}
    if not name.selector:
        return Finding("key", "bad", "It has not the form of a delivery key: no disk copy is kept for it.", data)
    where = f"of {served.environment}" if served is not NOTHING else "and no registry told of which environment"
    return Finding("key", "ok", f"{name.selector}, of the kind {name.kind}, {where}.", data)


# --- files ---------------------------------------------------------------------------------------------------------------
def disk_copy(machine: Machine, served: Snapshot) -> Finding:
    """The last known good that a client of this user keeps."""
    folder = disk_folder(machine.disk)
    if folder is None:
        return Finding("disk copy", "note", "Switched off, or there is no home to keep it in.")
    disk = Disk(*folder, server=",".join(machine.urls), key=KeyName.of(machine.key), environment=machine.environment)
    return _file("disk copy", str(disk.path), served, disk.load)


def bundle(machine: Machine, served: Snapshot) -> Finding:
    """The file that was made by `cuebook freeze`."""
    if not machine.bundle:
        return Finding("bundle", "note", "None given (CUEBOOK_BUNDLE, --bundle).")
    name = KeyName.of(machine.key)
    return _file(
        "bundle",
        machine.bundle,
        served,
        lambda now, wall: read_bundle(machine.bundle, name, machine.environment, now=now, wall=wall),
    )


def _file(check: str, path: str, served: Snapshot, load: Callable[[float, float], Snapshot]) -> Finding:
    now = time.monotonic()
    try:
        snapshot = load(now, time.time())
    except FileNotFoundError:
        return Finding(check, "note", f"There is none yet at {path}.", {"path": path})
    except (CuebookError, OSError) as error:
        return Finding(check, "bad", f"{path} is not used ({why_not(error)}).", {"path": path})
    age_s = now - snapshot.freshness.confirmed_at
    data = {"path": path, "environment": snapshot.environment, "epoch": snapshot.epoch, "revision": snapshot.revision}
    says = f"{snapshot.environment} at revision {snapshot.revision}, confirmed {_ago(age_s)}, at {path}."
    if served is not NOTHING and snapshot.environment != served.environment:
        return Finding(check, "bad", f"{says} The key is of {served.environment}.", data | {"age_s": round(age_s)})
    return Finding(check, "ok", says, data | {"age_s": round(age_s)})


def _ago(age_s: float) -> str:
    for unit, seconds in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if age_s >= 2 * seconds:
            return f"{age_s / seconds:.0f} {unit} ago"
    return f"{age_s:.0f} s ago"


# --- with the registry off -----------------------------------------------------------------------------------------------
class Gate:
    """Stands between a client of our own and the registry. Shut, every connection goes to a port that refuses it."""

    def __init__(self, refusing: str, *, shut: bool) -> None:
        self.refusing, self.shut = refusing, shut

    @classmethod
    @contextmanager
    def made(cls, *, shut: bool) -> Iterator[Gate]:
        """A port of the loopback that is ours, so that nobody else takes it, and that listens to nobody."""
        with socket.socket() as ours:
            ours.bind(("127.0.0.1", 0))
            yield cls(f"http://127.0.0.1:{ours.getsockname()[1]}", shut=shut)


class _Gated(Transport):
    """The way to the registry, through the gate."""

    def __init__(self, url: str, token: str, gate: Gate) -> None:
        super().__init__(url, token, timeout_s=TIMEOUT_S)
        self._gate, self._refused = gate, Transport(gate.refusing, "", timeout_s=TIMEOUT_S)

    def send(self, request: Request) -> Answer:
        return self._refused.send(request) if self._gate.shut else super().send(request)

    def close(self) -> None:
        self._refused.close()
        super().close()


class _Patient(cuebook.Client):
    """The SDK's own client, in this process, behind a gate. It reads the application's files, and never writes any."""

    def __init__(self, machine: Machine, gate: Gate, *, files: bool) -> None:
        self._gate = gate
        super().__init__(
            ",".join(machine.urls),
            machine.key,
            environment=machine.environment,
            bundle=machine.bundle or None,
            disk=machine.disk if files else False,
            events=False,
            wait=START_S_MAX,
        )
        self._held.engine.agent = ""  # `cuebook fleet` would count it as a running client for minutes
        if not files:
            self._held.engine.snapshot = NOTHING  # what the bundle said; here the registry has to be asked

    @property
    def tried(self) -> Mapping[str, str]:
        """What became of the application's files."""
        return self._held.tried

    @property
    def _connect(self) -> Callable[[str], Transport]:
        return lambda url: _Gated(url, self._key, self._gate)


def start_without(machine: Machine) -> Finding:
    """Start a client where the registry refuses every connection."""
    began = time.monotonic()
    with Gate.made(shut=True) as gate, _Patient(machine, gate, files=True) as client:
        try:
            names = client.names()
        except CuebookError:
            found = " ".join(f"{source}: {why}" for source, why in client.tried.items())
            hint = "Ship a bundle (`cuebook freeze`), or let a client run here once with its disk copy on."
            return Finding("start without", "bad", f"An application that starts then has no prompts. {found} {hint}")
        took_ms, state = (time.monotonic() - began) * 1000, client.state
    data = {"source": state.source, "environment": state.environment, "revision": state.revision, "ms": round(took_ms)}
    source = "disk copy" if state.source == "disk" else state.source
    says = f"Starts from the {source} in {took_ms:.0f} ms: {len(names)} prompts of {state.environment}"
    return Finding(
        "start without", "ok", f"{says} at revision {state.revision}, {_ago(state.age).removesuffix(' ago')} old.", data
    )


def run_without(machine: Machine) -> Finding:
    """Start a client, and then let the registry refuse every connection."""
    with Gate.made(shut=False) as gate, _Patient(machine, gate, files=False) as client:
        try:
            before = client.names()
        except CuebookError:
            return Finding("run without", "note", "Not tried: nothing came from the registry to begin with.")
        gate.shut = True
        try:
            client.refresh()
        except CuebookError as error:
            failed = error
        else:
            return Finding("run without", "bad", "The registry could not be cut off: something else answers on the loopback.")
        kept = client.names() == before
    says = f"A running application keeps all {len(before)} prompts" if kept else "A running application loses prompts"
    return Finding("run without", "ok" if kept else "bad", f"{says} when the registry goes away.", {"error": failed.code})
