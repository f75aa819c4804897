"""The node's side of signatures: one for each revision, renewed in time, and an alarm where there can be none."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cuebook import signing
from cuebook.signing import CERTIFICATE_HEADER, STATEMENT_HEADER, Certificate, Statement
from cuebook_server.adapters.snapshot_signing import FileSnapshotSigner, NotSigning
from cuebook_server.delivery.app import Delivery
from cuebook_server.delivery.counters import Counters
from cuebook_server.delivery.signatures import Signatures
from tests.delivery.client import TRIAGE, Answer, Shop

DAY = 86_400
T0 = int(time.time())


class Files:
    """The two files of a node, a root, and a clock."""

    def __init__(self, folder: Path) -> None:
        self.key, self.certificates = folder / "signing-key.pem", folder / "signing-certificate.txt"
        self.root = signing.read_key(signing.new_key())
        self.counters, self.now = Counters(), float(T0)
        self.replace_key()

    def replace_key(self) -> None:
        self.key.write_bytes(signing.new_key())

    def certify(self, *, at: int = T0, lasts: int = 30 * DAY) -> None:
        """Add a certificate for the key that is there now."""
        online = signing.public_of(signing.read_key(self.key.read_bytes()))
        said = Certificate(signing.public_of(self.root), online, at, at + lasts)
        before = self.certificates.read_text() if self.certificates.exists() else ""
        self.certificates.write_text(before + signing.write_certificate(said, self.root.sign) + "\n")

    def signatures(self, *, required: bool = False) -> Signatures:
        signer = FileSnapshotSigner(self.key, self.certificates, required=required)
        return Signatures(signer, DAY, self.counters, clock=lambda: self.now)

    def read(self, answer: Answer, purpose: bytes = signing.SNAPSHOT) -> Statement:
        roots = {signing.public_of(self.root)}
        certificate = signing.check_certificate(answer.headers[CERTIFICATE_HEADER], roots)
        return signing.check_statement(answer.headers[STATEMENT_HEADER], certificate, purpose)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


@pytest.fixture
def sign(shop: Shop, files: Files) -> Callable[..., None]:
    """Let the shop's node sign."""

    def now(*, required: bool = False) -> None:
        shop.node.app = Delivery(shop.node.board, shop.node.pinned, signatures=files.signatures(required=required))

    return now


@pytest.fixture
def signed(files: Files, sign: Callable[..., None]) -> None:
    files.certify()
    sign()


@pytest.mark.usefixtures("signed")
def test_the_snapshot_is_signed_in_each_coding_and_confirmed(shop: Shop, files: Files) -> None:
    plain, zipped = shop.get("/v1/snapshot"), shop.get("/v1/snapshot", accept_encoding="gzip")
    again = shop.get("/v1/snapshot", if_none_match=plain.headers["etag"])
    assert [answer.status for answer in (plain, zipped, again)] == [200, 200, 304]
    assert {answer.headers[STATEMENT_HEADER] for answer in (plain, zipped, again)} == {plain.headers[STATEMENT_HEADER]}
    said = files.read(plain)
    assert said.digest == signing.digest_of(plain.body) == signing.digest_of(gzip.decompress(zipped.body))
    assert (said.project, said.environment, said.kind, said.epoch, said.revision) == ("shop", "production", "prd", 1, 1)
    assert (said.issued_at, said.expires_at) == (T0, T0 + DAY)


@pytest.mark.usefixtures("signed")
@pytest.mark.parametrize("path", ["/v1/prompts", f"/v1/prompts/{TRIAGE}", f"/v1/prompts/{TRIAGE}?version=1"])
def test_what_stands_in_the_snapshot_is_not_signed_again(shop: Shop, path: str) -> None:
    assert STATEMENT_HEADER not in shop.get(path).headers


@pytest.mark.usefixtures("signed")
@pytest.mark.parametrize("wanted", ["1", "latest"])
def test_a_version_that_is_not_served_now_has_a_signature_of_its_own(shop: Shop, files: Files, wanted: str) -> None:
    shop.set_policy("staging", pins="any", latest_allowed=True)
    answer = shop.get(f"/v1/prompts/{TRIAGE}?version={wanted}", "staging")
    said = files.read(answer, signing.VERSION)
    assert said.digest == signing.digest_of(answer.body)
    assert (said.project, said.environment, said.kind) == ("shop", "staging", "stg")
    assert said.revision == int(answer.headers["cuebook-revision"])
    with pytest.raises(signing.BadSignature, match="was not signed"):
        files.read(answer)


@pytest.mark.usefixtures("signed")
def test_a_signature_is_renewed_after_half_its_life_and_nothing_else_changes(shop: Shop, files: Files) -> None:
    first = shop.get("/v1/snapshot")
    files.now += DAY // 2 - 1
    assert shop.get("/v1/snapshot").headers == first.headers
    files.now += 2
    renewed = shop.get("/v1/snapshot")
    assert (renewed.body, renewed.headers["etag"]) == (first.body, first.headers["etag"])
    assert files.read(renewed).expires_at == files.now + DAY
    assert files.counters.signatures == 2


@pytest.mark.usefixtures("signed")
def test_each_revision_and_each_environment_is_signed_once(shop: Shop, files: Files) -> None:
    for _ in range(3):
        shop.get("/v1/snapshot")
        shop.get("/v1/snapshot", "staging")
    shop.release("production", TRIAGE, 2)
    assert files.read(shop.get("/v1/snapshot")).revision == 2
    assert files.read(shop.get("/v1/snapshot", "staging")).environment == "staging"
    assert files.counters.signatures == 3


@pytest.mark.fault("C-30")
@pytest.mark.usefixtures("signed")
def test_a_key_is_replaced_while_the_node_runs(shop: Shop, files: Files) -> None:
    before = files.read(shop.get("/v1/snapshot")).key
    files.replace_key()
    files.certify()
    files.now += 11
    assert files.read(shop.get("/v1/snapshot")).key != before


def test_without_a_certificate_nothing_is_signed_until_there_is_one(
    shop: Shop, files: Files, sign: Callable[..., None]
) -> None:
    sign()
    assert STATEMENT_HEADER not in shop.get("/v1/snapshot").headers
    assert files.counters.signature_errors == 0
    files.certify()
    files.now += 11
    assert files.read(shop.get("/v1/snapshot")).environment == "production"


@pytest.mark.fault("C-30")
def test_what_cannot_be_signed_is_served_and_told(
    shop: Shop, files: Files, sign: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    files.certify(at=T0 - 2 * DAY, lasts=DAY)
    sign()
    for _ in range(2):
        answer = shop.get("/v1/snapshot")
        files.now += 11
        assert (answer.status, STATEMENT_HEADER in answer.headers) == (200, False)
    assert files.counters.signature_errors == 2
    assert [record.levelname for record in caplog.records if "not signed" in record.message] == ["ERROR"]


@pytest.mark.fault("C-30")
def test_a_certificate_that_ends_soon_is_told_and_bounds_the_signature(
    shop: Shop, files: Files, sign: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    files.certify(lasts=DAY // 4)
    sign()
    assert files.read(shop.get("/v1/snapshot")).expires_at == T0 + DAY // 4
    assert "ends in 0 days" in caplog.text


@pytest.mark.fault("C-30")
@pytest.mark.parametrize("damage", ["no certificate", "another key", "no key"])
def test_a_required_signature_that_cannot_be_made_is_an_error(files: Files, damage: str) -> None:
    if damage != "no certificate":
        files.certify()
    files.key.unlink() if damage == "no key" else files.replace_key()
    signer = FileSnapshotSigner(files.key, files.certificates, required=True)
    said = Statement("shop", "production", "prd", 1, 1, "sha256:", T0, T0 + 1, "")
    with pytest.raises(NotSigning):
        signer.seal(said)
