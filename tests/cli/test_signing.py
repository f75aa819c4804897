"""The commands of an offline root: they make keys once, certify others, and never show a private half."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cuebook import signing
from cuebook._exchange import Answer
from cuebook.cli.app import run
from cuebook.cli.diagnosis import Machine, signatures
from cuebook.delivery import read_snapshot
from tests.sdk.conftest import KEY
from tests.sdk.signers import Signer
from tests.sdk.standin import whole

SIGNER = Signer()
OURS = SIGNER.headers(whole(5))


def said(capfdbinary: pytest.CaptureFixture[bytes], *arguments: str, code: int = 0) -> str:
    assert run(["signing", *arguments]) == code
    out, error = capfdbinary.readouterr()
    return (out if code == 0 else error).decode().strip()


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    root = tmp_path / "root.pem"
    public = said(capfdbinary, "init-root", str(root))
    assert root.stat().st_mode & 0o777 == 0o600
    assert said(capfdbinary, "public", str(root)) == public == signing.public_of(signing.read_key(root.read_bytes()))
    assert "exists" in said(capfdbinary, "init-root", str(root), code=6)


def test_the_root_certifies_another_key(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    root, online = tmp_path / "root.pem", tmp_path / "online.pem"
    roots = {said(capfdbinary, "init-root", str(root))}
    public = said(capfdbinary, "init-key", str(online))
    word = said(capfdbinary, "certify", public, "--root", str(root), "--for", "10d")
    certificate = signing.check_certificate(word, roots)
    assert (certificate.key, certificate.expires_at - certificate.issued_at, certificate.revokes) == (public, 864_000, 0)
    revoking = said(capfdbinary, "certify", public, "--root", str(root), "--revoke-older")
    assert signing.read_certificate(revoking).revokes >= certificate.issued_at
    (tmp_path / "certificates.txt").write_text(f"{word}\n{revoking}\n")
    assert said(capfdbinary, "show", str(tmp_path / "certificates.txt")).count(public) == 2


def test_what_is_no_key_is_refused(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    root = tmp_path / "root.pem"
    public = said(capfdbinary, "init-root", str(root))
    assert "does not certify itself" in said(capfdbinary, "certify", public, "--root", str(root), code=7)
    assert "no public key" in said(capfdbinary, "certify", "abc", "--root", str(root), code=7)
    (tmp_path / "other").write_text("hm")
    assert "no Ed25519 key" in said(capfdbinary, "public", str(tmp_path / "other"), code=7)
    assert "There is no file" in said(capfdbinary, "public", str(tmp_path / "none"), code=5)
    assert "of no use" in said(capfdbinary, "show", str(tmp_path / "other"), code=7)


@pytest.mark.parametrize(
    ("roots", "headers", "verdict", "says"),
    [
        ((), {}, "note", "the registry signs nothing"),
        ((), OURS, "note", "CUEBOOK_ROOT_KEY would let them count"),
        ((SIGNER.root,), OURS, "ok", "Signed by a root that is trusted here, until"),
        ((SIGNER.root,), {}, "bad", "there is none"),
        ((SIGNER.root,), Signer().headers(whole(5)), "bad", "stay on what they hold"),
    ],
)
def test_the_doctor_says_what_signatures_mean_here(
    roots: tuple[str, ...], headers: dict[str, str], verdict: str, says: str
) -> None:
    answer = Answer(200, {"content-type": "application/json", **headers}, json.dumps(whole(5)).encode())
    machine = Machine(["http://127.0.0.1"], KEY, roots=roots)
    finding = signatures(machine, answer, read_snapshot(answer, 0.0))
    assert (finding.verdict, says in finding.says) == (verdict, True), finding.says
