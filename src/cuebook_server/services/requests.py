"""Repeating a request is safe: one key, one effect."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from cuebook_server.domain.access import Actor
from cuebook_server.domain.errors import Malformed
from cuebook_server.services.ports import Answer, UnitOfWork

KEY_CHARS_MAX = 255


class BadIdempotencyKey(Malformed):
    """The idempotency key is not valid."""

    code = "bad_idempotency_key"
    hint = "Send 1 to 255 printable ASCII characters, such as a UUID, once."


def once(actor: Actor, uow: UnitOfWork, key: str | None, request: bytes, effect: Callable[[], Answer]) -> Answer:
    """Run ``effect`` unless the same credential sent the same key before: then give the answer of that time.

    The answer is kept for 24 hours in the effect's own transaction. Another ``request`` under the key is refused.
    """
    if key is None:
        return effect()
    if not 1 <= len(key) <= KEY_CHARS_MAX or not key.isascii() or not key.isprintable():
        raise BadIdempotencyKey
    fingerprint = hashlib.sha256(request).hexdigest()
    found = uow.idempotency.find(actor.credential, key, fingerprint)
    if found is None:
        found = effect()
        uow.idempotency.keep(actor.credential, key, fingerprint, found)
    return found
