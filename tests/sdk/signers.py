"""A root, an online key and what they sign, for tests of who checks signatures."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

from cuebook import signing
from cuebook.signing import Certificate, Statement

NOW = int(time.time())
DAY = 86_400


class Signer:
    """An online key with a certificate of its root, and answers it signs. ``NOW`` is when the tests began."""

    def __init__(
        self, root: bytes | None = None, *, certified_at: int = NOW - DAY, lasts: int = 30 * DAY, revokes: int = 0
    ) -> None:
        self.root_pem = root or signing.new_key()
        self._root, self._key = signing.read_key(self.root_pem), signing.read_key(signing.new_key())
        self.root, self.public = signing.public_of(self._root), signing.public_of(self._key)
        said = Certificate(self.root, self.public, certified_at, certified_at + lasts, revokes)
        self.certificate = signing.write_certificate(said, self._root.sign)

    def headers(self, body: dict[str, Any], **changes: Any) -> dict[str, str]:
        """The headers that vouch for a snapshot's body; ``changes`` are other things to say in the statement."""
        return self._headers(signing.SNAPSHOT, body, epoch=body["epoch"], revision=body["revision"], **changes)

    def version_headers(self, body: dict[str, Any], *, revision: int, epoch: int = 1, **changes: Any) -> dict[str, str]:
        """The headers that vouch for one version, while this revision is served."""
        return self._headers(signing.VERSION, body, epoch=epoch, revision=revision, **changes)

    def _headers(self, purpose: bytes, body: dict[str, Any], *, epoch: int, revision: int, **changes: Any) -> dict[str, str]:
        said = Statement(
            project="shop",
            environment=body["environment"],
            kind="prd",
            epoch=epoch,
            revision=revision,
            digest=signing.digest_of(json.dumps(body).encode()),
            issued_at=NOW,
            expires_at=NOW + DAY,
            key=signing.key_id(self.public),
        )
        word = signing.write_statement(replace(said, **changes), self._key.sign, purpose)
        return {signing.STATEMENT_HEADER: word, signing.CERTIFICATE_HEADER: self.certificate}
