"""The header lines that vouch for a snapshot: signed once per revision, and again when half of a signature's life is over.

What a snapshot holds needs no other word; a version that is not served now is signed each time it is asked for, which is rare.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple, Protocol

from cuebook.signing import CERTIFICATE_HEADER, SNAPSHOT, STATEMENT_HEADER, VERSION, Seal, Statement, digest_of
from cuebook_server.delivery.counters import Counters
from cuebook_server.delivery.snapshot import Snapshot
from cuebook_server.domain.errors import CuebookError
from cuebook_server.services.ports import EnvironmentKey, SnapshotSigner

log = logging.getLogger(__name__)
# How often a node looks whether its key or certificate was replaced, and tries again where it could not sign.
LOOK_AGAIN_S = 10
KEYSET = "keyset"
WARN_S, WARN_AGAIN_S = 14 * 86_400, 86_400


class Vouching(Protocol):
    """What vouches for whole answers. ``until``: when the certificate ends, in seconds since 1970; 0: there is none."""

    @property
    def until(self) -> int: ...

    def lines(self, snapshot: Snapshot, digest: str) -> bytes:
        """The header lines for a snapshot whose uncompressed body has this digest."""
        ...

    def version_lines(self, snapshot: Snapshot, body: bytes) -> bytes:
        """The header lines for the answer with a version that is not served now, while this is."""
        ...

    def keyset_lines(self, selector: str, project: str, order: tuple[int, int], digest: str) -> bytes:
        """The header lines for the keyset of a relay's key, at this (epoch, count)."""
        ...


class _Signed(NamedTuple):
    digest: str
    order: tuple[int, ...]
    again_at: float
    lines: bytes


class Signatures:
    """One environment's lines are kept until its body or their time asks for others. Used from one event loop.

    ``until``: when the certificate that was used last ends, in seconds since 1970.
    """

    def __init__(
        self,
        signer: SnapshotSigner,
        life_s: int,
        counters: Counters,
        *,
        keyset_s: int = 3_600,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._signer, self._life_s, self._keyset_s, self._counters, self._clock = signer, life_s, keyset_s, counters, clock
        self._signed: dict[EnvironmentKey | str, _Signed] = {}
        self._complaint, self._warn_at = "", 0
        self._look_at, self._stamp = 0.0, None  # type: float, object
        self.until = 0

    def lines(self, snapshot: Snapshot, digest: str) -> bytes:
        """The header lines for a snapshot; none where this node cannot sign, which is told in the log."""
        return self._lines(snapshot.key, snapshot.order, digest, self._life_s, _about(snapshot, digest))

    def version_lines(self, snapshot: Snapshot, body: bytes) -> bytes:
        """The header lines for the answer with a version that is not served now, while this is."""
        now = int(self._clock())
        said = _about(snapshot, digest_of(body))
        return _header_lines(self._seal(said(issued_at=now, expires_at=now + self._life_s, key=""), VERSION))

    def keyset_lines(self, selector: str, project: str, order: tuple[int, int], digest: str) -> bytes:
        """The header lines for the keyset of a relay's key. Its kind keeps it from passing for a snapshot."""
        said = partial(Statement, project, "", KEYSET, *order, digest)
        return self._lines(selector, order, digest, self._keyset_s, said)

    def _lines(
        self, of: EnvironmentKey | str, order: tuple[int, ...], digest: str, life_s: int, said: Callable[..., Statement]
    ) -> bytes:
        now = self._clock()
        self._look(now)
        held = self._signed.get(of)
        if held is None or held.digest != digest or held.order != order or now >= held.again_at:
            seal = self._seal(said(issued_at=int(now), expires_at=int(now) + life_s, key=""))
            again_s = max((seal.expires_at - now) / 2, 1) if seal else LOOK_AGAIN_S
            held = self._signed[of] = _Signed(digest, order, now + again_s, _header_lines(seal))
        return held.lines

    def _look(self, now: float) -> None:
        if now >= self._look_at:
            self._look_at, stamp = now + LOOK_AGAIN_S, self._signer.stamp()
            if stamp != self._stamp:
                self._signed, self._stamp = {}, stamp

    def _seal(self, statement: Statement, purpose: bytes = SNAPSHOT) -> Seal | None:
        try:
            seal = self._signer.seal(statement, purpose)
        except CuebookError as error:
            self._counters.signature_errors += 1
            if str(error) != self._complaint:
                self._complaint = str(error)
                log.error("snapshots are not signed: %s %s", error, error.advice)  # noqa: TRY400 - the sentence says it all
            return None
        self._complaint = ""
        if seal is not None:
            self._counters.signatures += 1
            self.until = seal.until
            self._warn(statement.issued_at)
        return seal

    def _warn(self, now: int) -> None:
        if self.until - now < WARN_S and now >= self._warn_at:
            self._warn_at = now + WARN_AGAIN_S
            log.warning(
                "the certificate of the signing key ends in %d days: certify the key anew", (self.until - now) // 86_400
            )


def _about(snapshot: Snapshot, digest: str) -> Callable[..., Statement]:
    environment, order = snapshot.environment, (snapshot.epoch, snapshot.revision)
    return partial(Statement, snapshot.project, environment.name, environment.kind, *order, digest, audit=snapshot.audit)


def _header_lines(seal: Seal | None) -> bytes:
    if seal is None:
        return b""
    words = ((STATEMENT_HEADER, seal.statement), (CERTIFICATE_HEADER, seal.certificate))
    return "".join(f"{name}: {word}\r\n" for name, word in words).encode()
