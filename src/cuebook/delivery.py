"""The pure core of delivery: build the request, read the answer, decide what to hold. No network, no clock, no randomness.

A client holds one immutable `Snapshot` of everything its environment serves. It is replaced whole, by a good answer of the same
environment with a greater (epoch, revision), and by nothing else: whatever goes wrong, what was held is served on.
"""

from __future__ import annotations

import difflib
import email.utils
import logging
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Protocol, TypeAlias
from urllib.parse import quote

from cuebook import wire
from cuebook._exchange import Answer, Request
from cuebook.errors import (
    BadAnswer,
    CuebookError,
    EnvironmentMismatch,
    Forbidden,
    Invalid,
    NotReleasedHere,
    Recalled,
    Retired,
    Unauthenticated,
)
from cuebook.prompt import NEVER_CONFIRMED, Freshness, Prompt, Source
from cuebook.signing import Signed, digest_of

# A template text, chat messages, a served prompt or a version's content, a `Prompt`, or a function that gives one of these.
Content: TypeAlias = str | Sequence[Mapping[str, Any]] | Mapping[str, Any] | Prompt
Fallback: TypeAlias = Content | Callable[[], Content]
Version: TypeAlias = tuple[str, int]  # a prompt's name and a number

BACKOFF_S_FIRST, BACKOFF_S_MAX = 0.25, 30.0
REFUSED_PAUSE_S = 60.0
# difflib takes some 10 µs a name, and a miss should stay cheap.
NEAR_NAMES_MAX = 200
_log = logging.getLogger("cuebook")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything an environment serves at one revision. ``aliases``: old name -> name.

    ``recalled``: harmful versions, which the registry named or this client heard of. None of them stands in ``prompts``.
    ``digest``: of the exact bytes it was read from. ``signed``: what a signature said, where one was checked.
    """

    environment: str
    epoch: int
    revision: int
    etag: str
    prompts: Mapping[str, Prompt]
    aliases: Mapping[str, str] = field(default_factory=dict)
    retired: frozenset[str] = frozenset()
    recalled: frozenset[Version] = frozenset()
    source: Source = "network"
    freshness: Freshness = field(default=NEVER_CONFIRMED, compare=False)
    digest: str = ""
    signed: Signed | None = field(default=None, compare=False)

    @property
    def order(self) -> tuple[int, int]:
        """(epoch, revision): which of two snapshots is newer."""
        return self.epoch, self.revision

    def look(self, name: str) -> Prompt | None:
        """The prompt of that name or former name, or nothing."""
        prompt = self.prompts.get(name)
        if prompt is None:
            prompt = self.prompts.get(self.aliases.get(name, ""))
            if prompt is not None:
                _log.debug("the prompt %s is now called %s", name, prompt.name)
        return prompt

    def without(self, harmful: Set[Version]) -> Snapshot:
        """The same, serving none of these versions; itself where nothing changes."""
        if harmful <= self.recalled:
            return self
        kept = {name: prompt for name, prompt in self.prompts.items() if (name, prompt.version) not in harmful}
        return replace(self, prompts=kept, recalled=self.recalled | harmful)

    def withdrew(self, prompt: Prompt) -> bool:
        """Whether a prompt that was served before may be served no more: retired, recalled, or of another environment."""
        gone = self.environment != prompt.environment or self.look(prompt.name) is None
        return gone or (prompt.name, prompt.version) in self.recalled

    def refusal(self, name: str) -> CuebookError:
        """Why `look` found nothing: `Recalled`, `Retired` or `NotReleasedHere`."""
        where = f"{self.environment} at revision {self.revision}"
        if name in self.retired or self.aliases.get(name) in self.retired:
            return Retired(f"{name} was retired from {where}.")
        for harmful, number in sorted(self.recalled, reverse=True):
            if harmful in (name, self.aliases.get(name)):
                hint = "The next revision brings what is served instead; `fallback=` bridges the time until then."
                return Recalled(f"{harmful} version {number}, which {where} served, was recalled.", hint=hint)
        # A snapshot cannot tell a prompt that was never released here from one that does not exist; the registry can.
        hint = "Release it to this environment; `client.fetch(name)` asks the registry whether it exists at all."
        near = difflib.get_close_matches(name[:200], islice(self.prompts, NEAR_NAMES_MAX), n=1)
        return NotReleasedHere(
            f"{name} is not among what {where} serves.", hint=f"Did you mean {near[0]}? {hint}" if near else hint
        )


# What a client holds before its first answer: every look-up misses, so that the quick path needs no second question.
NOTHING = Snapshot("", -1, -1, "", {})


def snapshot_request(
    held: Snapshot, *, environment: str | None = None, min_revision: int | None = None, whole: bool = False
) -> Request:
    """Ask for everything the key's environment serves, if it is not what is held, or ``whole`` whatever is held.

    ``environment`` is the caller's assertion: the registry answers 403 when the key is another's. ``min_revision`` makes a node
    that lags wait for that revision, or say that it has not heard of it.
    """
    asked = {"environment": environment, "min_revision": min_revision}
    params = {name: str(value) for name, value in asked.items() if value is not None}
    if held is NOTHING:
        return Request("GET", "/v1/snapshot", params)
    applied = f"{held.epoch}:{held.revision}"
    condition = {"If-None-Match": held.etag} if held.etag and not whole else {}
    return Request("GET", "/v1/snapshot", params, {"Cuebook-Applied": applied, **condition})


def prompt_request(name: str, *, version: str, subject: str | None, environment: str | None) -> Request:
    """Ask for one prompt: ``version`` is ``stable``, ``latest`` or a number."""
    asked = {"version": version, "subject": subject, "environment": environment}
    return Request("GET", f"/v1/prompts/{quote(name, safe='')}", {k: v for k, v in asked.items() if v is not None})


class Judge(Protocol):
    """Who says whether an answer's signature vouches for it (`cuebook._verify`)."""

    def check(self, answer: Answer, snapshot: Snapshot, held: Snapshot) -> Snapshot:
        """The snapshot that an answer brought or confirmed. Raises `NotVerified`."""
        ...

    def outlived(self, held: Snapshot) -> bool:
        """Whether the key that signed what is held was revoked since."""
        ...


def decide(
    held: Snapshot, answer: Answer, now: float, *, environment: str | None = None, judge: Judge | None = None
) -> Snapshot:
    """What to hold after an answer to `snapshot_request`: something newer, or still ``held`` where the answer confirms it.

    Raises what is wrong with any other answer; then ``held`` stays. ``now`` is the monotonic clock's.
    """
    if answer.status == 304 and held is not NOTHING:
        _check_environment(answer.headers.get("cuebook-environment", held.environment), held, environment)
        held = judge.check(answer, held, held) if judge else held
        return held if held.source == "network" else _confirmed(held, held.etag)
    if answer.status != 200:
        refused = answer.error()
        if answer.status == 404:  # every registry has this call: whoever answered is none, or is asked at another path
            refused.hint = BadAnswer.default_hint
        raise refused
    new = read_snapshot(answer, now)
    if judge is not None:
        new = judge.check(answer, new, held)
        if judge.outlived(held):
            _check_environment(new.environment, held, environment)
            _log.error("the key that signed what is held was revoked: revision %s takes its place", new.revision)
            return new
    if held.source != "network" and held.signed is None and new.environment != held.environment:
        # The key decides. What a file said unsigned before the registry spoke for the first time binds nobody.
        _check_environment(new.environment, NOTHING, environment)
        _log.error(
            "the key is of %s: what was read from the %s (%s) is dropped", new.environment, held.source, held.environment
        )
        return new
    _check_environment(new.environment, held, environment)
    return _newer(held, new)


def read_snapshot(answer: Answer, now: float, *, source: Source = "network") -> Snapshot:
    """Read a snapshot, whole or not at all: `BadAnswer` says what does not fit the contract."""
    body = _read_object(answer)
    freshness = Freshness(now - lag_s(answer.headers))
    try:
        snapshot = Snapshot(
            _is(str, body["environment"], "environment"),
            _is(int, body["epoch"], "epoch"),
            _is(int, body["revision"], "revision"),
            answer.headers.get("etag", ""),
            {served["name"]: _prompt(served, body, freshness, source) for served in _is(list, body["prompts"], "prompts")},
            dict(_is(dict, body.get("aliases", {}), "aliases")),
            frozenset(_is(list, body.get("retired", []), "retired")),
            source=source,
            freshness=freshness,
            digest=digest_of(answer.body),
        )
        recalled = frozenset(
            (name, _is(int, number, "recalled"))
            for name, numbers in _is(dict, body.get("recalled", {}), "recalled").items()
            for number in _is(list, numbers, "recalled")
        )
    except (KeyError, TypeError) as error:
        raise BadAnswer(f"The snapshot does not have the contract's shape ({error}).") from error
    if len(snapshot.prompts) != len(body["prompts"]):
        raise BadAnswer("A prompt stands twice in the snapshot.")
    if answer.headers.get("cuebook-environment", snapshot.environment) != snapshot.environment:
        raise BadAnswer("The answer's header and body name different environments.")
    return snapshot.without(recalled)


def read_prompt(answer: Answer, now: float, *, environment: str | None = None) -> Prompt:
    """Read the answer to `prompt_request`. Raises the registry's refusal, or `BadAnswer`."""
    if answer.status != 200:
        raise answer.error()
    body = _read_object(answer)
    revision = answer.headers.get("cuebook-revision", "")
    try:
        whole = {
            "environment": _is(str, body["environment"], "environment"),
            "revision": int(revision) if revision.isdigit() else None,
        }
        prompt = _prompt(body, whole, Freshness(now - lag_s(answer.headers)))
    except (KeyError, TypeError) as error:
        raise BadAnswer(f"The prompt does not have the contract's shape ({error}).") from error
    _check_environment(whole["environment"], NOTHING, environment)
    return prompt


def fallback_prompt(name: str, fallback: Fallback) -> Prompt:
    """The caller's fallback as a prompt whose source says so. A function is only called here, when it is needed."""
    given = fallback() if callable(fallback) else fallback
    if isinstance(given, Prompt):
        return replace(given, source="fallback", _freshness=NEVER_CONFIRMED)
    if isinstance(given, str):
        served: Mapping[str, Any] = {"kind": "text", "text": given}
    elif isinstance(given, Mapping):
        served = {"kind": "chat" if "messages" in given else "text", **given}
    else:
        served = {"kind": "chat", "messages": list(given)}
    try:
        checked = _content({**served, "name": name})
    except (KeyError, TypeError) as error:
        raise Invalid(f"The fallback for {name} is neither text, messages nor a served prompt ({error}).") from error
    return Prompt.of(checked, revision=None, source="fallback", freshness=NEVER_CONFIRMED)


def pause_s(refresh_s: float, failures: int, error: CuebookError | None, *, held: bool, luck: float) -> float:
    """How long to wait before the next request; ``luck`` is a random number in [0, 1) that spreads a fleet's requests.

    A refused key is asked about rarely; other failures back off, from a fast start while nothing is held; and a ``Retry-After``
    is never undercut.
    """
    if error is None:
        return refresh_s * (0.8 + 0.4 * luck)
    if isinstance(error, (Unauthenticated, Forbidden)):
        return REFUSED_PAUSE_S * (0.8 + 0.4 * luck)
    first = refresh_s if held else BACKOFF_S_FIRST
    most = min(first * 2.0 ** min(max(failures - 1, 0), 16), max(BACKOFF_S_MAX, refresh_s))
    least = min(BACKOFF_S_FIRST, first) / 2
    return max(least + luck * (most - least), (error.retry_after_s or 0.0) * (1.0 + 0.2 * luck))


def lag_s(headers: Mapping[str, str]) -> float:
    """How far behind the node says it is: its ``Date`` less ``Cuebook-As-Of`` (RFC 3339, or milliseconds since 1970).

    Both are the node's clock, so that a wrong clock here does not matter. 0 where either is missing.
    """
    try:
        date = email.utils.parsedate_to_datetime(headers["date"]).timestamp()
        as_of = headers["cuebook-as-of"]
        known = int(as_of) / 1000 if as_of.isdigit() else datetime.fromisoformat(as_of).astimezone(UTC).timestamp()
    except (KeyError, ValueError, OverflowError):
        return 0.0
    return max(0.0, date - known)


def _newer(held: Snapshot, new: Snapshot) -> Snapshot:
    """Which of the two to hold. The order of (epoch, revision) decides, never the order of arrival."""
    if held is NOTHING or new.order > held.order:
        if held.prompts and not new.prompts and not held.prompts.keys() <= new.retired:
            raise BadAnswer("The snapshot is empty, and what is held was not retired.")
        return new
    if new.order == held.order:
        # A version that is served no more may be recalled without a new revision; sessions may still be on it.
        same = replace(held.without(new.recalled), etag=new.etag, digest=new.digest, signed=new.signed)
        return same if held.source == "network" else _confirmed(same, new.etag)
    raise BadAnswer(f"The answer is older (revision {new.revision}) than what is held ({held.revision}); this node lags.")


def _confirmed(held: Snapshot, etag: str) -> Snapshot:
    """What a file brought and the registry has confirmed since: from now on it counts as the registry's."""
    prompts = {name: replace(prompt, source="network") for name, prompt in held.prompts.items()}
    return replace(held, etag=etag, prompts=prompts, source="network")


def _check_environment(found: str, held: Snapshot, asserted: str | None) -> None:
    expected = asserted or held.environment or found
    if found != expected:
        raise EnvironmentMismatch(f"The answer is of the environment {found}, not of {expected}.")


def _read_object(answer: Answer) -> dict[str, Any]:
    media = answer.headers.get("content-type", "")
    if not media.startswith("application/json"):
        raise BadAnswer(f"The answer is no JSON but {media[:80] or 'of no declared type'}.", status=answer.status)
    try:
        body: dict[str, Any] = _is(dict, wire.loads(answer.body), "the body")
    except (wire.WireError, TypeError) as error:
        raise BadAnswer(f"The answer is not whole ({error}).", status=answer.status) from error
    return body


def _prompt(served: Mapping[str, Any], whole: Mapping[str, Any], freshness: Freshness, source: Source = "network") -> Prompt:
    """Check one served prompt of an answer; raises ``KeyError`` or ``TypeError``."""
    _is(int, served["version"], "version")
    _is(str, served["digest"], "digest")
    if served["environment"] != whole["environment"]:
        raise TypeError(f"{served['name']} is of another environment")
    return Prompt.of(_content(served), revision=whole["revision"], source=source, freshness=freshness)


def _content(served: Mapping[str, Any]) -> Mapping[str, Any]:
    kinds: Mapping[Any, tuple[str, type]] = {"text": ("text", str), "chat": ("messages", list)}
    if served["kind"] not in kinds:
        raise TypeError(f"the kind {served['kind']!r} is unknown")
    _is(str, served["name"], "name")
    member, form = kinds[served["kind"]]
    _is(form, served[member], member)
    return served


def _is(form: type, value: Any, what: str) -> Any:
    # In Python true is an int; in the contract it is none.
    if not isinstance(value, form) or isinstance(value, bool):
        raise TypeError(f"{what} is not {form.__name__}")
    return value
