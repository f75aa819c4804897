"""Delivery keys and management tokens. Only the SHA-256 of a secret is ever stored."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, and_, select, update

from cuebook_server.domain.keys import DeliveryKey, Token
from cuebook_server.store.schema import delivery_key, environment, registry
from cuebook_server.store.schema_people import token

if TYPE_CHECKING:
    from cuebook_server.store.unit_of_work import Transaction

_keys = select(delivery_key, environment.c.name.label("environment_name")).join(
    environment,
    and_(environment.c.project_id == delivery_key.c.project_id, environment.c.environment_id == delivery_key.c.environment_id),
)


def key_of(row: Row[Any]) -> DeliveryKey:
    """A delivery key from its row, joined with the environment's name."""
    return DeliveryKey(
        selector=row.selector,
        verifier=row.verifier,
        project_id=row.project_id,
        environment_id=row.environment_id,
        environment=row.environment_name,
        name=row.name,
        created_by=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        replaced_by=row.replaced_by,
        networks=tuple(json.loads(row.networks)),
        last_used_at=row.last_used_at,
        took_all_at=row.took_all_at,
        relays=tuple(json.loads(row.relays)),
    )


def all_keys() -> Any:
    """The statement that reads every key of every project, for a node's memory."""
    return _keys


class CredentialStore:
    """Credentials of one project; with ``project_id`` ``None``, tokens of the whole instance."""

    def __init__(self, transaction: Transaction, project_id: int | None) -> None:
        self._tx = transaction
        self._project = project_id

    def keys(self) -> Sequence[DeliveryKey]:
        """The project's delivery keys, newest first."""
        rows = self._tx.connection.execute(
            _keys.where(delivery_key.c.project_id == self._project).order_by(
                delivery_key.c.created_at.desc(), delivery_key.c.selector
            )
        )
        return [key_of(row) for row in rows]

    def key(self, selector: str) -> DeliveryKey | None:
        """One delivery key of the project."""
        row = self._tx.connection.execute(
            _keys.where(delivery_key.c.project_id == self._project, delivery_key.c.selector == selector)
        ).first()
        return key_of(row) if row else None

    def add_key(self, key: DeliveryKey) -> None:
        """Write a new delivery key."""
        values = {name: getattr(key, name) for name in delivery_key.c.keys()}  # noqa: SIM118  # columns, not a dict
        lists = {name: json.dumps(values[name]) for name in ("networks", "relays")}
        self._tx.connection.execute(delivery_key.insert().values(**values | lists))
        self._keys_changed()

    def change_key(self, key: DeliveryKey) -> None:
        """Write when a key ends and what replaces it."""
        values = {"expires_at": key.expires_at, "revoked_at": key.revoked_at, "replaced_by": key.replaced_by}
        self._tx.connection.execute(update(delivery_key).where(delivery_key.c.selector == key.selector).values(**values))
        self._keys_changed()

    def _keys_changed(self) -> None:
        self._tx.connection.execute(update(registry).values(keyset=registry.c.keyset + 1))
        self._tx.touch()

    def tokens(self) -> Sequence[Token]:
        """The tokens of the project (or of the instance), newest first."""
        rows = self._tx.connection.execute(
            select(token)
            .where(token.c.project_id.is_not_distinct_from(self._project))
            .order_by(token.c.created_at.desc(), token.c.selector)
        )
        return [_token(row) for row in rows]

    def token(self, selector: str) -> Token | None:
        """The token with that selector, of any project: who asks is not known before."""
        row = self._tx.connection.execute(select(token).where(token.c.selector == selector)).first()
        return _token(row) if row else None

    def add_token(self, made: Token) -> None:
        """Write a new token."""
        values = {name: getattr(made, name) for name in token.c.keys()}  # noqa: SIM118  # columns, not a dict
        values["scopes"] = None if made.scopes is None else json.dumps(sorted(made.scopes))
        self._tx.connection.execute(token.insert().values(**values))

    def revoke_token(self, selector: str) -> None:
        """End a token now."""
        self._tx.connection.execute(update(token).where(token.c.selector == selector).values(revoked_at=self._tx.now))

    def token_used(self, selector: str) -> None:
        """Write down that it is in use."""
        self._tx.connection.execute(update(token).where(token.c.selector == selector).values(last_used_at=self._tx.now))


def _token(row: Row[Any]) -> Token:
    scopes = None if row.scopes is None else frozenset(json.loads(row.scopes))
    return Token(**{**row._mapping, "scopes": scopes})
