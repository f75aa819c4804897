"""Repeating a request is safe: one key, one effect."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Callable

from cryptography.fernet import Fernet

from cuebook_server.domain.access import Actor
from cuebook_server.domain.errors import Malformed
from cuebook_server.services.ports import Answer, UnitOfWork

KEY_CHARS_MAX = 255


class BadIdempotencyKey(Malformed):
    """The idempotency key is not valid."""

    code = "bad_idempotency_key"
    hint = "Send 1 to 255 printable ASCII characters, such as a UUID, once."


def once(
    actor: Actor, uow: UnitOfWork, key: str | None, request: bytes, effect: Callable[[], Answer], *, secret: str
) -> Answer:
    """Run ``effect`` unless the same credential sent the same key before: then give the answer of that time.

    The answer is kept for 24 hours in the effect's own transaction. Another ``request`` under the key is refused.
    It is kept sealed with the caller's own ``secret``, of which the database knows a hash only: it may show a new key.
    """
    if key is None:
        return effect()
    if not 1 <= len(key) <= KEY_CHARS_MAX or not key.isascii() or not key.isprintable():
        raise BadIdempotencyKey
    fingerprint = hashlib.sha256(request).hexdigest()
    kept = uow.idempotency.find(actor.credential, key, fingerprint)
    if kept is not None:
        return Answer(kept.status, _seal(secret).decrypt(kept.body).decode())
    given = effect()
    sealed = _seal(secret).encrypt(given.body.encode()).decode()
    uow.idempotency.keep(actor.credential, key, fingerprint, Answer(given.status, sealed))
    return given


def _seal(secret: str) -> Fernet:
    return Fernet(urlsafe_b64encode(hashlib.sha256(b"cuebook idempotency\0" + secret.encode()).digest()))
