"""signing: the keys behind the signatures of what environments serve. All of it works on files; no server is asked."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cuebook import signing
from cuebook.cli import show
from cuebook.cli.arguments import AsJson
from cuebook.cli.moments import seconds
from cuebook.errors import Conflict, Invalid, NotFound

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

app = typer.Typer(no_args_is_help=True, help="Keys that sign what environments serve: an offline root, and the server's own.")
KeyFile = Annotated[Path, typer.Argument(metavar="FILE", help="The key's PEM file.")]


@app.command("init-root")
def init_root(file: KeyFile) -> None:
    """Make the root key and print its public half, which applications get as CUEBOOK_ROOT_KEY. Keep the file offline."""
    _make(file)


@app.command("init-key")
def init_key(file: KeyFile) -> None:
    """Make another online key and print its public half, to be certified. `cuebook serve` makes the first one itself."""
    _make(file)


@app.command()
def public(file: KeyFile) -> None:
    """Print the public half of a key."""
    show.write_text(signing.public_of(_read(file)))


@app.command()
def certify(
    key: Annotated[str, typer.Argument(metavar="BASE64", help="The online key's public half, as `signing public` prints it.")],
    root: Annotated[Path, typer.Option(metavar="FILE", help="The root key's PEM file.")],
    lasts: Annotated[str, typer.Option("--for", metavar="SPAN", help="How long the key may sign.")] = "90d",
    revoke_older: Annotated[
        bool, typer.Option("--revoke-older", help="Clients that see this certificate accept none that was made before it.")
    ] = False,
) -> None:
    """Let an online key sign for some time: prints the certificate, a line for the server's signing-certificate.txt."""
    try:
        online = signing.public_key(key)
    except ValueError as error:
        raise Invalid(f"This is no public key: {error}.") from None
    held, now = _read(root), int(time.time())
    certificate = signing.Certificate(
        signing.public_of(held), online, now, now + seconds(lasts), revokes=now if revoke_older else 0
    )
    if certificate.root == online:
        raise Invalid("A root does not certify itself: the server needs a key of its own.")
    show.write_text(signing.write_certificate(certificate, held.sign))


@app.command("show")
def show_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file of certificates.")], as_json: AsJson = False
) -> None:
    """List certificates: which key each lets sign, until when, and by which root."""
    found = [_certificate(word) for word in _text(file).split()]
    if as_json:
        items = [
            {"key": one.key, "root": one.root, "from": _iso(one.issued_at), "until": _iso(one.expires_at)} for one in found
        ]
        show.write_json({"items": items})
        return
    rows = ((one.key, show.moment(_iso(one.issued_at)), show.moment(_iso(one.expires_at)), one.root) for one in found)
    show.table(("key", "from", "until", "root"), rows)


def _make(file: Path) -> None:
    pem = signing.new_key()
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(pem)
    except FileExistsError:
        raise Conflict(f"{file} exists.", hint="A key is never overwritten: name another file.") from None
    show.write_text(signing.public_of(signing.read_key(pem)))


def _read(file: Path) -> Ed25519PrivateKey:
    try:
        return signing.read_key(file.read_bytes())
    except FileNotFoundError:
        raise NotFound(f"There is no file {file}.") from None
    except ValueError as error:
        raise Invalid(f"{file} is no Ed25519 key in PEM form: {error}.") from None


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii")
    except FileNotFoundError:
        raise NotFound(f"There is no file {file}.") from None
    except UnicodeDecodeError:
        raise Invalid(f"{file} holds no certificates.") from None


def _certificate(word: str) -> signing.Certificate:
    try:
        return signing.check_certificate(word, {signing.read_certificate(word).root})
    except signing.BadSignature as error:
        raise Invalid(f"A certificate is of no use: {error}.") from None


def _iso(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat()
