"""One page for one release, and the audit chain as people look for things in it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cuebook.audit import verify
from cuebook.checkpoint import read
from cuebook_server.adapters.signing import FileSigner, NoSigningKey, ensure
from cuebook_server.domain.audit import AuditFilter
from cuebook_server.domain.errors import NotFound
from cuebook_server.services import audit
from tests.factories import Registry

ALL = AuditFilter()


def test_a_release_has_one_page(registry: Registry) -> None:
    for content in ("Sort the mail.", "Sort all the mail."):
        registry.save("a", content)
    registry.promote("a@1", to="staging", reason="a pilot")
    second = registry.promote("a@2", to="staging", reason="all of it")
    page = registry.ask(audit.evidence, second.release_id)
    [move] = page.moves
    assert (move.item.replaces, move.item.version, move.live_until) == (1, 2, None)
    assert move.digest != move.replaced_digest
    assert move.summary == ["1 word added in the text"]
    assert [entry["action"] for entry in page.entries] == ["release.promote"]
    assert page.entries[0]["after"]["a"]["digest"] == move.digest


def test_the_page_says_until_when_it_was_live(registry: Registry) -> None:
    for content in ("x", "y"):
        registry.save("a", content)
    first = registry.promote("a@1", to="staging")
    second = registry.promote("a@2", to="staging")
    assert registry.ask(audit.evidence, first.release_id).moves[0].live_until == second.applied_at
    assert registry.ask(audit.evidence, first.release_id).moves[0].summary == ["first version here"]


def test_there_is_no_page_for_what_never_was(registry: Registry) -> None:
    with pytest.raises(NotFound):
        registry.ask(audit.evidence, 9)


def test_entries_are_found_by_what_people_remember(registry: Registry) -> None:
    registry.save("a", "x")
    registry.promote("a", to="staging")
    for wanted, actions in (
        (AuditFilter(environment="staging"), ["release.promote"]),
        (AuditFilter(action="release."), ["release.promote"]),
        (AuditFilter(action="version.saved", target="a"), ["version.saved"]),
        (AuditFilter(principal="nobody"), []),
        (AuditFilter(action="version.", until=datetime(2000, 1, 1, tzinfo=UTC)), []),
        (AuditFilter(action="version.", since=datetime(2000, 1, 1, tzinfo=UTC)), ["version.saved"]),
    ):
        assert [entry["action"] for entry in registry.ask(audit.entries, wanted, after=0, limit=50)] == actions


def test_the_newest_come_first_when_asked_for(registry: Registry) -> None:
    registry.save("a", "x")
    forward = registry.ask(audit.entries, ALL, after=0, limit=50)
    assert registry.ask(audit.latest, ALL, before=10**6, limit=50) == forward[::-1]


def test_a_checkpoint_vouches_for_the_chain_as_it_is(registry: Registry, tmp_path: Path) -> None:
    ensure(tmp_path / "key.pem")
    signer = FileSigner(tmp_path / "key.pem")
    registry.save("a", "x")
    vouched = dict([read(registry.ask(audit.checkpoint, signer), signer.public)])
    registry.save("a", "y")
    entries = registry.ask(audit.entries, ALL, after=0, limit=500)
    assert verify(entries, vouched=vouched).intact
    assert not verify(entries[: min(vouched) - 1], vouched=vouched).intact


def test_without_a_key_nothing_is_vouched_for(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(NoSigningKey):
        registry.ask(audit.checkpoint, FileSigner(tmp_path / "none.pem"))
    (tmp_path / "bad.pem").write_text("nothing")
    with pytest.raises(NoSigningKey):
        registry.ask(audit.checkpoint, FileSigner(tmp_path / "bad.pem"))


def test_a_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    ensure(path)
    made = path.read_bytes()
    ensure(path)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (made, 0o600)
    assert isinstance(FileSigner(path)._read(), Ed25519PrivateKey)
