"""The key that signs audit checkpoints: a file that the database's admin need not be able to read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cuebook.checkpoint import public_key, sign
from cuebook.signing import new_key, read_key
from cuebook_server.adapters import key_files
from cuebook_server.domain.errors import Unavailable


class NoSigningKey(Unavailable):
    """This node has no key to sign checkpoints with."""

    code = "no_signing_key"
    hint = "Give every node the same file by CUEBOOK_AUDIT_KEY; `cuebook serve` makes one in its data folder."


class FileSigner:
    """Signs with the Ed25519 key in a PEM file, which is read once, when it is first needed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._key: Ed25519PrivateKey | None = None

    @property
    def public(self) -> str:
        """The public key, in base64."""
        return public_key(self._read())

    def checkpoint(self, project: str, seq: int, head: str, at: datetime) -> Mapping[str, Any]:
        """A signed checkpoint."""
        return sign(self._read(), project=project, seq=seq, head=head, at=at.isoformat())

    def _read(self) -> Ed25519PrivateKey:
        if self._key is None:
            try:
                self._key = read_key(self._path.read_bytes())
            except (OSError, ValueError) as error:
                raise NoSigningKey from error
        return self._key


def ensure(path: Path) -> None:
    """Make a signing key where there is none; only its owner can read it."""
    key_files.ensure(path, new_key)
