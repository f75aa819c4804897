"""The online key that signs snapshots, and the certificates an offline root gave it: two files, the same on every node."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cuebook.signing import (
    SNAPSHOT,
    BadSignature,
    Certificate,
    Seal,
    Statement,
    check_certificate,
    key_id,
    public_of,
    read_certificate,
    read_key,
    write_statement,
)
from cuebook_server.domain.errors import Unavailable


class NotSigning(Unavailable):
    """This node cannot sign what it serves."""

    code = "not_signing"
    hint = "Clients that demand signatures stay on what they hold: certify this node's key, see docs/howto/signatures.md."


class FileSnapshotSigner:
    """Signs with the key of a PEM file, by whichever of its certificates (a file with one a line) lasts longest.

    The files are read again when they change. Without a file of certificates nothing is set up, unless one is ``required``.
    """

    def __init__(self, key: Path, certificates: Path, *, required: bool) -> None:
        self._key_path, self._path, self._required = key, certificates, required
        self._seen: object = None
        self._key: Ed25519PrivateKey | None = None
        self._certificates: list[tuple[Certificate, str]] = []

    def seal(self, statement: Statement, purpose: bytes = SNAPSHOT) -> Seal | None:
        """Sign as the key, for no longer than it is certified; ``None`` where nothing is set up. Raises ``NotSigning``."""
        if not self._required and not self._path.exists():
            return None
        self._read()
        now = statement.issued_at
        good = [pair for pair in self._certificates if pair[0].issued_at <= now < pair[0].expires_at]
        if not good or self._key is None:
            raise NotSigning("No certificate of this node's signing key counts now.")
        certificate, word = max(good, key=lambda pair: pair[0].expires_at)
        expires_at = min(statement.expires_at, certificate.expires_at)
        said = replace(statement, key=key_id(certificate.key), expires_at=expires_at)
        return Seal(write_statement(said, self._key.sign, purpose), word, expires_at, certificate.expires_at)

    def stamp(self) -> object:
        """When the files were last changed."""
        return [_changed(path) for path in (self._key_path, self._path)]

    def _read(self) -> None:
        if (seen := self.stamp()) == self._seen:
            return
        try:
            self._key = read_key(self._key_path.read_bytes())
            public = public_of(self._key)
            words = self._path.read_text(encoding="ascii").split()
            self._certificates = [(found, word) for word in words if (found := _certificate(word)).key == public]
        except (OSError, ValueError) as error:
            raise NotSigning(f"The signing key or its certificate cannot be read ({error}).") from error
        self._seen = seen


def _changed(path: Path) -> tuple[int, int] | None:
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_mtime_ns, about.st_ino


def _certificate(word: str) -> Certificate:
    """A certificate that its own root signed; whether that root is trusted is for the clients to say."""
    try:
        return check_certificate(word, {read_certificate(word).root})
    except BadSignature as error:
        raise ValueError(f"a certificate is of no use: {error}") from error
