"""Signatures over what an environment serves: a statement about a snapshot, or about a version that is not in it, by an online
key that an offline root certifies.

Both the statement and the certificate are one word: base64url of a JSON object, a dot, base64url of an Ed25519 signature over
the object's bytes with their purpose before them. So neither can be taken for the other, and nothing has to be written anew
to be checked. Reading needs nothing; signing and checking need ``cryptography``, which is imported only then.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Mapping, Set
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from cuebook import wire

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SNAPSHOT, VERSION = b"cuebook-snapshot-v1\n", b"cuebook-version-v1\n"
CERTIFICATE = b"cuebook-signing-certificate-v1\n"
STATEMENT_HEADER, CERTIFICATE_HEADER = "cuebook-signature", "cuebook-certificate"
WORD_CHARS_MAX = 1_024
Sign = Callable[[bytes], bytes]


class BadSignature(ValueError):
    """A statement or certificate is not what it should be; the text says why."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What the registry signs about a snapshot, or about one version. Times are seconds since 1970.

    digest: ``sha256:`` and the SHA-256 of the exact body of the answer, uncompressed, in hex. key: the online key's id.
    kind: the environment's, as its keys begin. audit: number and hash of the audit chain's last entry when the revision was
    read, so that whoever keeps a statement can show whether that chain was rewritten; (0, "") where it was not known.
    """

    project: str
    environment: str
    kind: str
    epoch: int
    revision: int
    digest: str
    issued_at: int
    expires_at: int
    key: str
    audit: tuple[int, str] = (0, "")


@dataclass(frozen=True, slots=True)
class Certificate:
    """The root's word that an online key may sign between two moments, in seconds since 1970. Public keys are base64.

    revokes: certificates issued before this moment count no more, because their keys fell into other hands.
    """

    root: str
    key: str
    issued_at: int
    expires_at: int
    revokes: int = 0


@dataclass(frozen=True, slots=True)
class Seal:
    """A statement and the certificate of its key, as the words that travel. expires_at: of the statement, until: of the key."""

    statement: str
    certificate: str
    expires_at: int
    until: int


@dataclass(frozen=True, slots=True)
class Signed:
    """What a checked signature says about a snapshot beyond its content: the project, and when the key was certified."""

    project: str
    certified_at: int


def key_id(public: str) -> str:
    """A short name for a public key: the first 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(base64.b64decode(public)).hexdigest()[:16]


def digest_of(body: bytes) -> str:
    """A body's digest as statements name it."""
    return "sha256:" + hashlib.sha256(body).hexdigest()


def public_key(text: str) -> str:
    """A public key in normal form. Raises ``ValueError`` for what is none."""
    raw = base64.b64decode(text.strip(), validate=True)
    if len(raw) != 32:
        raise ValueError("an Ed25519 public key has 32 bytes")
    return base64.b64encode(raw).decode()


def public_of(key: Ed25519PrivateKey) -> str:
    """The public half of a key, as it is handed to whoever checks."""
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def read_key(pem: bytes) -> Ed25519PrivateKey:
    """The key of a PEM file. Raises ``ValueError``."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError as error:
        raise ValueError("the key is encrypted") from error
    if isinstance(key, Ed25519PrivateKey):
        return key
    raise ValueError("the key is no Ed25519 key")


def new_key() -> bytes:
    """A new key, as the bytes of a PEM file."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def write_statement(statement: Statement, sign: Sign, purpose: bytes = SNAPSHOT) -> str:
    """The word for a statement; ``sign`` gives the signature of bytes."""
    return _write(purpose, asdict(statement), sign)


def write_certificate(certificate: Certificate, sign: Sign) -> str:
    """The word for a certificate, signed by its root."""
    return _write(CERTIFICATE, asdict(certificate), sign)


def read_statement(word: str) -> Statement:
    """What a statement says, unchecked. Raises ``BadSignature``."""
    said, _, _ = _read(SNAPSHOT, word)
    audit = said.get("audit")
    if not (isinstance(audit, list) and len(audit) == 2 and type(audit[0]) is int and isinstance(audit[1], str)):
        raise BadSignature("it names no audit entry")
    return Statement(**_members(said, Statement), audit=(audit[0], audit[1]))


def read_certificate(word: str) -> Certificate:
    """What a certificate says, unchecked. Raises ``BadSignature``."""
    said, _, _ = _read(CERTIFICATE, word)
    return Certificate(**_members(said, Certificate))


def check_certificate(word: str, roots: Set[str]) -> Certificate:
    """A certificate of one of these roots. Raises ``BadSignature``; when it counts is for the caller to judge."""
    certificate = read_certificate(word)
    if certificate.root not in roots:
        raise BadSignature("the certificate is of a root that is not trusted here")
    _check(CERTIFICATE, word, certificate.root, "the certificate was not signed by its root")
    return certificate


def check_statement(word: str, certificate: Certificate, purpose: bytes = SNAPSHOT) -> Statement:
    """A statement signed for this purpose by the certified key while the certificate counted. Raises ``BadSignature``."""
    statement = read_statement(word)
    if statement.key != key_id(certificate.key):
        raise BadSignature("the statement is of another key than the certificate")
    _check(purpose, word, certificate.key, "the statement was not signed by the certified key, or was changed")
    if not certificate.issued_at <= statement.issued_at <= statement.expires_at <= certificate.expires_at:
        raise BadSignature("the statement is older or lives longer than the certificate of its key")
    return statement


def _write(purpose: bytes, said: Mapping[str, Any], sign: Sign) -> str:
    data = json.dumps(said, separators=(",", ":")).encode()
    return f"{_encode(data)}.{_encode(sign(purpose + data))}"


def _read(purpose: bytes, word: str) -> tuple[dict[str, Any], bytes, bytes]:
    """The object, the bytes that were signed, and the signature."""
    if len(word) > WORD_CHARS_MAX:
        raise BadSignature(f"it is longer than {WORD_CHARS_MAX} characters")
    body, _, signature = word.partition(".")
    try:
        data = _decode(body)
        said = wire.loads(data)
        if not isinstance(said, dict):
            raise BadSignature("it is no JSON object")
        return said, purpose + data, _decode(signature)
    except (binascii.Error, UnicodeEncodeError, wire.WireError) as error:
        raise BadSignature(f"it cannot be read ({error})") from error


def load() -> None:
    """Import what checking needs now, so that no thread is at it when the process forks."""
    for module in ("cryptography.exceptions", "cryptography.hazmat.primitives.asymmetric.ed25519"):
        import_module(module)


def _check(purpose: bytes, word: str, public: str, otherwise: str) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    _, signed, signature = _read(purpose, word)
    try:
        Ed25519PublicKey.from_public_bytes(base64.b64decode(public, validate=True)).verify(signature, signed)
    except (InvalidSignature, ValueError):
        raise BadSignature(otherwise) from None


def _members(said: Mapping[str, Any], form: type[Statement] | type[Certificate]) -> dict[str, Any]:
    """The members that are texts and whole numbers. Others that stand there are passed over: a later release may say more."""
    forms: Mapping[str, type] = {"str": str, "int": int}
    wanted = {name: forms[kind] for name, kind in form.__annotations__.items() if kind in forms}
    for name, kind in wanted.items():
        if type(said.get(name)) is not kind:
            raise BadSignature(f"it does not say its {name}")
    return {name: said[name] for name in wanted}


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
