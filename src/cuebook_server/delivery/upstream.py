"""The source of a relay: another node, over HTTP. Polls make it correct, event streams make it quick.

What comes is passed on byte for byte. Entries are made of it to answer for single prompts, which gives the same bytes again.
"""

from __future__ import annotations

import hashlib
import logging
import random
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from cuebook import signing
from cuebook.signing import CERTIFICATE_HEADER, SNAPSHOT, STATEMENT_HEADER, VERSION, BadSignature, digest_of
from cuebook_server.delivery import keyset, report
from cuebook_server.delivery.keyset import Keyset
from cuebook_server.delivery.line import Answer, Line
from cuebook_server.delivery.pinned import Found
from cuebook_server.delivery.report import Report
from cuebook_server.delivery.signatures import KEYSET
from cuebook_server.delivery.snapshot import Snapshot, entry_of
from cuebook_server.domain.environment import Environment, Selector
from cuebook_server.domain.errors import CuebookError, Unavailable
from cuebook_server.domain.fleet import Instance
from cuebook_server.domain.keys import DeliveryKey
from cuebook_server.services.ports import (
    Directory,
    EnvironmentKey,
    EnvironmentState,
    Fetched,
    Heads,
    History,
    Recalls,
    Received,
    Relayed,
    ServedVersion,
)

log = logging.getLogger(__name__)
POLL_S, POLL_JITTER = 1.0, 0.2
STREAM_PAUSE_S = (0.5, 5.0)
DEPTH_MAX = 4
# How often to look whether a signature was renewed, which changes nothing else.
RENEW_S = 30.0
SKEW_S = 300
# A relay knows what is newest only by asking; so nothing is refused here for being newer than anything.
LATEST_UNKNOWN = 999_999_999


@dataclass(frozen=True, slots=True)
class Whole:
    """Everything an environment serves, read from the answer it came with. ``order``: (epoch, revision, rules)."""

    order: tuple[int, int, int]
    etag: str
    received: Received
    prompts: Mapping[str, Mapping[str, Any]]
    aliases: Mapping[str, str]
    retired: frozenset[str]
    recalled: Mapping[str, Sequence[int]]


class Upstream:
    """A ``SnapshotSource``, and what vouches for its answers. ``roots``: public root keys; without any, nothing is checked."""

    def __init__(self, line: Line, roots: frozenset[str] = frozenset()) -> None:
        self._line, self._roots = line, roots
        self._keyset: Keyset | None = None
        self._keyset_etag, self._keyset_digest, self._keyset_vouched = "", "", b""
        self._wholes: dict[EnvironmentKey, Whole] = {}
        self._given: dict[EnvironmentKey, Whole] = {}
        self._renewed_at, self._revoked_before = time.monotonic(), 0
        self._news, self._stopped = threading.Event(), threading.Event()
        self._listening: set[str] = set()

    # --- what a board asks -----------------------------------------------------------------------------------------------
    def heads(self, seen: History | None = None) -> Heads:  # noqa: ARG002 - the origin watches over its own past
        """Where the environments stand. Raises ``Unavailable`` where nobody answers, ``ValueError`` for a loop of relays."""
        answer = self._ask_keyset()
        depth = int(answer.headers.get("cuebook-depth", "0")) + 1
        if depth > DEPTH_MAX:
            raise ValueError(f"this came by {depth - 1} relays: they stand in a circle, or are too many")
        known = self._known()
        self._renew()
        rules = sum(known.rules.values())
        project_ids = {one.project_id for one in known.environments}
        return Heads(
            epoch=known.epoch,
            keyset=known.count,
            directories=dict.fromkeys(project_ids, rules),
            environments={_key(one): (one.revision, known.rules[one.environment_id]) for one in known.environments},
            recalls=dict.fromkeys(project_ids, rules),
            registry=known.registry,
            writable=False,
            relayed=Relayed(int(answer.headers["cuebook-as-of"]) / 1000, depth, known.life_s),
        )

    def keys(self) -> Sequence[DeliveryKey]:
        """Who may read the relay's environments."""
        return self._known().keys

    def directory(self, project_id: int) -> Directory:
        """The names that the relay's environments serve; of others it does not know."""
        wholes = self._of(project_id)
        names = {name for one in wholes for name in (*one.prompts, *one.retired)}
        return Directory(frozenset(names), {old: new for one in wholes for old, new in one.aliases.items()})

    def recalled(self, project_id: int) -> Recalls:
        """The versions declared harmful that the relay's environments served."""
        found: dict[tuple[int, int], set[int]] = {}
        for environment in self._known().environments:
            if environment.project_id == project_id:
                for name, numbers in self._whole(environment).recalled.items():
                    for number in numbers:
                        found.setdefault((prompt_id(name), number), set()).add(environment.environment_id)
        return {version: frozenset(places) for version, places in found.items()}

    def environment(self, key: EnvironmentKey, since: int | None = None) -> EnvironmentState | None:
        """What an environment serves; where it goes on from what was given at ``since``, only what differs."""
        environment = self._environment(key)
        if environment is None:
            return None
        before, whole = self._given.get(key), self._whole(environment)
        if whole.order[:2] > (self._known().epoch, environment.revision):
            # A release came between the two answers. What the keyset says of it goes with it, or this relay's keyset would
            # never again be the origin's, and have no signature.
            self._ask_keyset()
            environment = self._environment(key)
            if environment is None or (self._known().epoch, environment.revision) < whole.order[:2]:
                raise ValueError("the origin's keyset is older than its snapshot")
        self._given[key] = whole
        epoch, revision, rules = whole.order
        served, retired = whole.prompts, whole.retired
        goes_on = before is not None and before.order[:2] == (epoch, since) and before.prompts.keys() <= {*served, *retired}
        if before is not None and goes_on:
            served = {name: prompt for name, prompt in served.items() if before.prompts.get(name) != prompt}
            retired -= before.retired
        return EnvironmentState(
            key=key,
            project=self._known().project,
            environment=replace(environment, revision=revision, policy_revision=rules),
            epoch=epoch,
            revision=revision,
            since=since if goes_on else None,
            versions=[*map(_served, served.values()), *(_taken_away(name, environment) for name in sorted(retired))],
            received=whole.received,
        )

    def version(self, key: EnvironmentKey, name: str, number: int) -> tuple[ServedVersion, bool] | None:  # noqa: ARG002 - it never can
        """Nothing: whether a version may be had is the origin's to say (`entry`)."""
        raise Unavailable("A relay cannot look into the registry.")

    def used(self, selectors: Mapping[str, datetime]) -> None:
        """Tell the origin when keys were last used."""
        self._tell(Report(used=selectors))

    def fetched(self, fetched: Mapping[Fetched, datetime]) -> None:
        """Tell it what they took, by names: a relay's numbers of prompts mean nothing there."""
        names = {prompt_id(name): name for whole in self._wholes.values() for name in whole.prompts}
        known = {(key, names.get(of) if of else None): at for (key, of), at in fetched.items() if of is None or of in names}
        self._tell(Report(fetched=known))

    def heard(self, instances: Sequence[Instance]) -> None:
        """Tell it which clients run behind this relay."""
        self._tell(Report(instances=instances))

    def forget_instances(self, now: datetime) -> None:
        """The registry does."""

    def hints(self) -> Iterator[None]:
        """Yield when a stream told of something, and at least once a second."""
        while not self._stopped.is_set():
            for environment in self._keyset.environments if self._keyset else ():
                if environment.name not in self._listening:
                    self._listening.add(environment.name)
                    name = f"cuebook-relay-{environment.name}"
                    threading.Thread(target=self._listen, args=(environment.name,), name=name, daemon=True).start()
            self._news.wait(POLL_S * random.uniform(1 - POLL_JITTER, 1 + POLL_JITTER))  # noqa: S311 - spreads the relays, no secret
            self._news.clear()
            yield

    def stop(self) -> None:
        """End ``hints``."""
        self._stopped.set()
        self._news.set()

    def close(self) -> None:
        """Give the connections back, after the last word was told."""
        self._line.close()

    # --- what delivery asks ----------------------------------------------------------------------------------------------
    @property
    def until(self) -> int:
        """When the certificate behind the newest signature ends; 0 where nothing is signed."""
        for whole in self._wholes.values():
            if word := _word(whole.received.vouched, CERTIFICATE_HEADER):
                return signing.read_certificate(word).expires_at
        return 0

    def lines(self, snapshot: Snapshot, digest: str) -> bytes:
        """The signature that came with exactly this body."""
        whole = self._wholes.get(snapshot.key)
        for received in (whole.received if whole else None, snapshot.received):
            if received is not None and received.digest == digest:
                return received.vouched
        return b""

    def keyset_lines(self, selector: str, project: str, order: tuple[int, int], digest: str) -> bytes:  # noqa: ARG002 - a signer needs them
        """The signature that came with exactly this keyset: there is one where a relay's key has the same environments."""
        return self._keyset_vouched if digest == self._keyset_digest else b""

    def version_lines(self, snapshot: Snapshot, body: bytes) -> bytes:  # noqa: ARG002 - a signer needs them
        """Nothing: what the origin gives (`another`) brings its signature along."""
        return b""

    def another(self, snapshot: Snapshot, name: str, wanted: Selector) -> Found:
        """Another version than the one served, if the origin gives it. Raises what it refuses."""
        environment = snapshot.environment.name
        answer = self._line.get(f"/v1/prompts/{name}", {"environment": environment, "version": str(wanted)})
        body = answer.body
        served = orjson.loads(body)
        entry = entry_of(_served(served), served["version"], environment)
        served_now = snapshot.entries.get(entry.name.encode())
        if served_now is not None and served_now.body == entry.body:
            return Found(served_now, was_live=True)
        try:
            self._check(answer, digest_of(body), environment, VERSION)
        except BadSignature as error:
            raise Unavailable(f"Nothing vouches for this version: {error}.") from error
        if not (word := answer.headers.get(STATEMENT_HEADER)):
            return Found(entry, was_live=True)
        entry.lines += _vouched(answer)
        said = signing.read_statement(word)
        return Found(entry, was_live=True, good_until=(said.issued_at + said.expires_at) / 2)

    # --- exchanges -------------------------------------------------------------------------------------------------------
    def _ask_keyset(self) -> Answer:
        answer = self._line.get("/v1/relay/keyset", {}, self._keyset_etag)
        if answer.status == 200:
            self._take_keyset(answer)
        elif word := _vouched(answer):
            self._check(answer, self._keyset_digest, "")
            self._keyset_vouched = word
        return answer

    def _environment(self, key: EnvironmentKey) -> Environment | None:
        return next((one for one in self._known().environments if _key(one) == key), None)

    def _known(self) -> Keyset:
        if self._keyset is None:
            raise Unavailable("The origin has not answered yet.")
        return self._keyset

    def _tell(self, said: Report) -> None:
        for message in report.messages(said):
            self._line.post("/v1/relay/report", message)

    def _of(self, project_id: int) -> list[Whole]:
        return [self._whole(one) for one in self._known().environments if one.project_id == project_id]

    def _take_keyset(self, answer: Answer) -> None:
        body = answer.body
        digest = digest_of(body)
        self._check(answer, digest, "")
        self._keyset = keyset.from_bytes(body)
        self._keyset_etag, self._keyset_digest = answer.headers["etag"], digest
        self._keyset_vouched = _vouched(answer)

    def _whole(self, environment: Environment) -> Whole:
        """Everything it serves, as new as the keyset says."""
        known, key = self._known(), _key(environment)
        rules = known.rules[environment.environment_id]
        held, wanted = self._wholes.get(key), (known.epoch, environment.revision, rules)
        if held is None or held.order < wanted:
            held = self._wholes[key] = self._fetch(environment, held, rules, environment.revision)
        return held

    def _fetch(self, environment: Environment, held: Whole | None, rules: int, revision: int) -> Whole:
        params = {"environment": environment.name, "min_revision": str(revision)}
        answer = self._line.get("/v1/snapshot", params, held.etag if held else "")
        if answer.status == 304 and held is not None:
            self._check(answer, held.received.digest, environment.name)
            return replace(held, order=(*held.order[:2], rules), received=replace(held.received, vouched=_vouched(answer)))
        body = answer.body
        digest = digest_of(body)
        self._check(answer, digest, environment.name)
        said = orjson.loads(body)
        if said["environment"] != environment.name:
            raise ValueError(f"the origin answers with {said['environment']} for {environment.name}")
        return Whole(
            order=(said["epoch"], said["revision"], rules),
            etag=answer.headers["etag"],
            received=Received(answer.zipped, digest, _vouched(answer)),
            prompts={prompt["name"]: prompt for prompt in said["prompts"]},
            aliases=said["aliases"],
            retired=frozenset(said["retired"]),
            recalled=said.get("recalled", {}),
        )

    def _renew(self) -> None:
        """Ask for signatures that were renewed: they come with an answer that changes nothing else."""
        if time.monotonic() - self._renewed_at < RENEW_S:
            return
        self._renewed_at = time.monotonic()
        for environment in self._known().environments:
            key = _key(environment)
            if (held := self._wholes.get(key)) is not None:
                self._wholes[key] = self._fetch(environment, held, held.order[2], held.order[1])

    def _check(self, answer: Answer, digest: str, environment: str, purpose: bytes = SNAPSHOT) -> None:
        """Raise ``BadSignature`` unless a trusted root vouches for it, where one is known."""
        if not self._roots:
            return
        certificate = signing.check_certificate(answer.headers.get(CERTIFICATE_HEADER, ""), self._roots)
        self._revoked_before = max(self._revoked_before, certificate.revokes)
        if certificate.issued_at < self._revoked_before:
            raise BadSignature("the key was revoked")
        said = signing.check_statement(answer.headers.get(STATEMENT_HEADER, ""), certificate, purpose)
        if (said.digest, said.environment) != (digest, environment) or (said.kind == KEYSET) == bool(environment):
            raise BadSignature("the signature is about something else")
        if said.expires_at + SKEW_S < time.time():
            raise BadSignature("the signature has expired")

    def _listen(self, environment: str) -> None:
        """Follow one event stream for ever; whatever it says, the heads are read."""
        while not self._stopped.is_set():
            try:
                for chunk in self._line.stream("/v1/events", {"environment": environment}):
                    if b"event:" in chunk:
                        self._news.set()
            except (CuebookError, RuntimeError) as error:  # RuntimeError: the line was closed
                log.debug("the stream of %s ended: %s", environment, error)
            self._stopped.wait(random.uniform(*STREAM_PAUSE_S))  # noqa: S311 - spreads the relays, no secret


def prompt_id(name: str) -> int:
    """A number for a prompt: the registry's own stays there."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:7])


def _key(environment: Environment) -> EnvironmentKey:
    return environment.project_id, environment.environment_id


def _served(prompt: Mapping[str, Any]) -> ServedVersion:
    return ServedVersion(
        prompt_id=prompt_id(prompt["name"]),
        name=prompt["name"],
        number=prompt["version"],
        latest=LATEST_UNKNOWN,
        digest=prompt["digest"],
        content=orjson.dumps(prompt),
        released_at=datetime.fromisoformat(prompt["released_at"]),
    )


def _taken_away(name: str, environment: Environment) -> ServedVersion:
    return ServedVersion(prompt_id(name), name, None, LATEST_UNKNOWN, "", b"", environment.updated_at)


def _vouched(answer: Answer) -> bytes:
    """The header lines of the signature, as they came."""
    words = ((name, answer.headers.get(name, "")) for name in (STATEMENT_HEADER, CERTIFICATE_HEADER))
    return "".join(f"{name}: {word}\r\n" for name, word in words if word).encode()


def _word(lines: bytes, header: str) -> str:
    return next((line.partition(": ")[2] for line in lines.decode().splitlines() if line.startswith(header)), "")
