"""Checkpoints: a signed word of how long an audit chain is and what its head is, to be kept where the registry cannot reach.

An export that is shorter than a checkpoint, or has another hash at its place, was cut or rewritten, whatever its own hashes
say.
A checkpoint is one JSON object; its Ed25519 signature covers the canonical JSON of the other members. Needs ``cryptography``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cuebook import canonical

KIND = "cuebook-audit-checkpoint-v1"


class BadCheckpoint(ValueError):
    """The checkpoint is not what it should be."""


def public_key(key: Ed25519PrivateKey) -> str:
    """The public half of a signing key, as it is handed to whoever checks: 32 bytes in base64."""
    return base64.b64encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def key_id(public: str) -> str:
    """A short name for a public key: the first 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(base64.b64decode(public)).hexdigest()[:16]


def sign(key: Ed25519PrivateKey, *, project: str, seq: int, head: str, at: str) -> dict[str, Any]:
    """A checkpoint of a chain that has ``seq`` entries and ends with the hash ``head``."""
    said: dict[str, Any] = {"kind": KIND, "project": project, "seq": seq, "hash": head, "at": at}
    said["key"] = key_id(public_key(key))
    return said | {"signature": base64.b64encode(key.sign(canonical.dumps(said))).decode()}


def read(checkpoint: Mapping[str, Any], public: str) -> tuple[int, str]:
    """The length and head that a checkpoint vouches for. Raises ``BadCheckpoint`` unless the key signed exactly this."""
    said = {name: value for name, value in checkpoint.items() if name != "signature"}
    try:
        signature = base64.b64decode(str(checkpoint["signature"]), validate=True)
        Ed25519PublicKey.from_public_bytes(base64.b64decode(public, validate=True)).verify(signature, canonical.dumps(said))
        if said["kind"] != KIND:
            raise BadCheckpoint("it is a signature of another kind")
        return int(said["seq"]), str(said["hash"])
    except InvalidSignature:
        raise BadCheckpoint("the signature is not of this key, or the checkpoint was changed") from None
    except (KeyError, binascii.Error, ValueError) as error:
        raise BadCheckpoint(f"it cannot be read: {error}") from error
