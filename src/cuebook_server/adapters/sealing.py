"""The key that seals secrets the server itself must use: a file outside the database, the same on every node."""

from __future__ import annotations

from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from cuebook_server.adapters import key_files
from cuebook_server.domain.errors import Unavailable


class NoSealKey(Unavailable):
    """This node has no key to keep secrets with."""

    code = "no_seal_key"
    hint = "Give every node the same file by CUEBOOK_SEAL_KEY; `cuebook serve` makes one in its data folder."


class FileSealer:
    """Seals with the first key of a file, a key a line, and opens with any of them. Read once, when it is first needed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keys: MultiFernet | None = None

    def seal(self, secret: str) -> str:
        """The secret, readable with the key only."""
        return self._read().encrypt(secret.encode()).decode()

    def open(self, sealed: str) -> str:
        """The secret again; ``ValueError`` when it was sealed by another key."""
        try:
            return self._read().decrypt(sealed.encode()).decode()
        except (InvalidToken, NoSealKey) as error:
            raise ValueError from error

    def _read(self) -> MultiFernet:
        if self._keys is None:
            try:
                self._keys = MultiFernet([Fernet(line) for line in self._path.read_text(encoding="ascii").split()])
            except (OSError, ValueError) as error:
                raise NoSealKey from error
        return self._keys


def ensure(path: Path) -> None:
    """Make a key where there is none; only its owner can read it."""
    key_files.ensure(path, lambda: Fernet.generate_key() + b"\n")
