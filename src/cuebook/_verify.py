"""What a client demands of the signature on what it reads: pure, but for the clock and the trust file it is given.

Without a root key nothing is demanded; a statement that stands there must still fit what it is about, which finds what was cut
or mixed up by accident, and finds no attacker.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from cuebook import signing
from cuebook._exchange import Answer
from cuebook.delivery import NOTHING, Snapshot
from cuebook.errors import Misconfigured, NotVerified
from cuebook.prompt import Prompt
from cuebook.signing import (
    CERTIFICATE_HEADER,
    SNAPSHOT,
    STATEMENT_HEADER,
    VERSION,
    BadSignature,
    Certificate,
    Signed,
    Statement,
    check_certificate,
    check_statement,
    digest_of,
    public_key,
    read_certificate,
    read_statement,
)

# Clocks differ. Much further than that, and the answer may be one that somebody kept.
SKEW_S = 300
# An epoch is the one before plus one, or the seconds since 2026 began. A thief of the online key could raise it for good, so
# that no true answer is newer: what is further than this from both is out of reach.
EPOCH_JUMP_MAX, EPOCH_ZERO_S, EPOCH_AHEAD_S = 1_000, 1_767_225_600, 86_400
CHECKED, UNCHECKED = "signatures are checked", "signatures are not checked"
_log = logging.getLogger("cuebook")


class Verifier:
    """Judges answers for one client. ``told`` says in words whether it does; ``refused`` counts what it turned away.

    ``trust``: where there is no root yet, the file of the root that was met first: pinned from then on, here and after a
    restart.
    """

    def __init__(
        self,
        roots: Iterable[str] = (),
        *,
        project: str = "",
        kind: str = "",
        trust: Path | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._roots, self._project, self._kind, self._wall = frozenset(roots), project, kind, wall
        self._learn: Path | None = None
        if not self._roots and trust is not None:
            self._roots = _trusted(trust)
            self._learn = None if self._roots else trust
        self._able = find_spec("cryptography") is not None
        self.demands = bool(self._roots or self._learn) and self._able
        self.refused = 0
        self._revoked_before = 0
        self._known: tuple[str, Certificate] | None = None
        if self.demands:
            signing.load()
        elif self._roots or self._learn:
            _log.error("%s", self.told)

    @property
    def told(self) -> str:
        """Whether signatures are checked, and if not, why."""
        if self.demands:
            return CHECKED
        if self._able:
            return f"{UNCHECKED}: there is no root key"
        return f"{UNCHECKED}: install cuebook[verify]"

    def check(self, answer: Answer, snapshot: Snapshot, held: Snapshot, *, fresh: bool = True) -> Snapshot:
        """The snapshot an answer brought or confirmed, if its signature vouches for it. Raises `NotVerified`.

        ``held`` binds: nothing of another project takes its place. ``fresh``: an expired statement counts no more; a file's may
        have expired, because it is as old as it says and serves until something newer comes.
        """
        with self._refusing():
            return self._check(answer, snapshot, held, fresh)

    def check_version(self, answer: Answer, prompt: Prompt, held: Snapshot, *, newest: bool) -> Prompt:
        """A version that is not in the snapshot held, if its own signature vouches for it. Raises `NotVerified`.

        ``newest``: nothing older than what is held may say what is newest; a number is the same for ever.
        """
        with self._refusing():
            statement, _ = self._statement(answer, VERSION, held)
            _check_fit(statement, environment=prompt.environment, digest=digest_of(answer.body))
            if newest and (statement.epoch, statement.revision) < held.order:
                raise BadSignature(f"it is of revision {statement.revision}, and {held.revision} is held")
        return replace(prompt, revision=statement.revision)

    def outlived(self, held: Snapshot) -> bool:
        """Whether what is held was signed by a key that was revoked since: then it binds nobody, however high its numbers."""
        return held.signed is not None and held.signed.certified_at < self._revoked_before

    def _check(self, answer: Answer, snapshot: Snapshot, held: Snapshot, fresh: bool) -> Snapshot:
        if not self.demands:
            return _fitting(answer.headers.get(STATEMENT_HEADER, ""), snapshot)
        statement, certificate = self._statement(answer, SNAPSHOT, held, fresh=fresh)
        _check_snapshot(statement, snapshot)
        if self._learn is not None:
            self._pin(self._learn, certificate.root)
        self._revoked_before = max(self._revoked_before, certificate.revokes)
        return replace(snapshot, signed=Signed(statement.project, certificate.issued_at))

    def _statement(
        self, answer: Answer, purpose: bytes, held: Snapshot, *, fresh: bool = True
    ) -> tuple[Statement, Certificate]:
        """What the answer's signature says, if it counts here and now; whether it fits the answer is another question."""
        word = answer.headers.get(STATEMENT_HEADER, "")
        if not word:
            raise BadSignature("there is none")
        certificate = self._certificate(answer.headers.get(CERTIFICATE_HEADER, ""))
        statement = check_statement(word, certificate, purpose)
        if fresh and statement.expires_at + SKEW_S < self._wall():
            raise BadSignature("it has expired: somebody replays it, the registry signs no more, or this clock is wrong")
        self._binds(statement, held)
        return statement, certificate

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except BadSignature as error:
            self.refused += 1
            raise NotVerified(f"The signature does not vouch for the answer: {error}.") from error

    def _certificate(self, word: str) -> Certificate:
        """The certificate, which comes again and again: one look suffices."""
        if self._known is None or self._known[0] != word:
            roots = frozenset({read_certificate(word).root}) if self._learn else self._roots
            self._known = word, check_certificate(word, roots)
        certificate = self._known[1]
        if certificate.issued_at < self._revoked_before:
            raise BadSignature("its key was revoked")
        return certificate

    def _binds(self, statement: Statement, held: Snapshot) -> None:
        """What the client knows must fit: its own key's kind, the project named or held, the epoch held."""
        if self._kind and statement.kind != self._kind:
            raise BadSignature(f"it is about an environment of the kind {statement.kind}, and this key is {self._kind}")
        project = self._project or (held.signed.project if held.signed else statement.project)
        if statement.project != project:
            raise BadSignature(f"it is about the project {statement.project}, not {project}")
        reach = max(held.epoch + EPOCH_JUMP_MAX, int(self._wall()) - EPOCH_ZERO_S + EPOCH_AHEAD_S)
        if held is not NOTHING and not self.outlived(held) and statement.epoch > reach:
            raise BadSignature(f"its epoch {statement.epoch} is out of reach of {held.epoch}, which is held")

    def _pin(self, file: Path, root: str) -> None:
        self._roots, self._learn = frozenset({root}), None
        _log.warning("the root key %s was met first, and is trusted from now on", root)
        try:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as out:
                out.write(root + "\n")
        except FileExistsError:  # another process met one at the same moment: that one counts, here too
            self._roots, self._known = _trusted(file), None
            if root not in self._roots:
                raise BadSignature("another root was met first") from None
        except OSError as error:
            _log.error("the root key cannot be kept in %s (%s): after a restart another may be met first", file, error)


def root_keys(text: str) -> list[str]:
    """The public keys of a setting, with commas between them. Raises `Misconfigured`."""
    try:
        return [public_key(each) for each in text.split(",") if each.strip()]
    except ValueError as error:
        raise Misconfigured(f"The root key is no Ed25519 public key in base64 ({error}).") from None


def _trusted(file: Path) -> frozenset[str]:
    try:
        return frozenset(root_keys(file.read_text(encoding="ascii")))
    except FileNotFoundError:
        return frozenset()
    except (OSError, UnicodeError) as error:
        raise Misconfigured(f"The file of the trusted root {file} cannot be read ({error}).") from error


def _fitting(word: str, snapshot: Snapshot) -> Snapshot:
    """The snapshot, unless a statement that can be read is about another: then something was mixed up on the way."""
    try:
        statement = read_statement(word)
    except BadSignature:
        return snapshot
    _check_snapshot(statement, snapshot)
    return snapshot


def _check_snapshot(statement: Statement, found: Snapshot) -> None:
    _check_fit(statement, environment=found.environment, epoch=found.epoch, revision=found.revision, digest=found.digest)


def _check_fit(statement: Statement, **found: object) -> None:
    for what, other in found.items():
        if (said := getattr(statement, what)) != other:
            raise BadSignature(f"it is about the {what} {said}, and this is {other}")
