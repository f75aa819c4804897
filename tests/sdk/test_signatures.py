"""What a client that demands signatures does with answers that do not deserve them: it keeps what it holds, and says so."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cuebook
from cuebook import _verify, signing
from cuebook_server.domain.epoch import following
from tests.sdk.conftest import KEY
from tests.sdk.signers import DAY, NOW, Signer
from tests.sdk.standin import Answerer, Reply, StandIn, served, serving, whole
from tests.sdk.test_client import NOWHERE

OURS = Signer()
Attack = Callable[[], Answerer]


def signed(body: dict[str, Any], by: Signer = OURS, **changes: Any) -> Answerer:
    """A registry that serves this snapshot, signed, with 304."""
    plain, headers = serving(body), by.headers(body, **changes)
    return lambda asked: replace(reply := plain(asked), headers={**reply.headers, **headers})


@pytest.fixture
def client(registry: StandIn) -> Iterator[cuebook.Client]:
    """A client that demands the signatures of our root, and holds revision 5."""
    registry.answer = signed(whole(5))
    with cuebook.Client(registry.url, KEY, refresh_s=1000, root_key=OURS.root, disk=False) as made:
        assert made.get("greeting").version == 5
        yield made


def rollback() -> Answerer:
    return signed(whole(4))


def freeze() -> Answerer:
    return signed(
        whole(5), issued_at=NOW - 3 * DAY // 2, expires_at=NOW - DAY // 2, by=Signer(OURS.root_pem, certified_at=NOW - 9 * DAY)
    )


def mix_and_match() -> Answerer:
    mixed = whole(6, served("greeting", version=6), served("farewell", version=4))
    return lambda asked: replace(signed(mixed)(asked), headers={**signed(mixed)(asked).headers, **OURS.headers(whole(6))})


def arbitrary_content() -> Answerer:
    return signed(whole(6), by=Signer())


def unsigned_content() -> Answerer:
    return serving(whole(6))


def fast_forward() -> Answerer:
    return signed(whole(1, epoch=10**9))


def wrong_environment() -> Answerer:
    return signed(whole(6, environment="staging"), kind="stg")


def wrong_kind() -> Answerer:
    return signed(whole(6), kind="stg")


def wrong_project() -> Answerer:
    return signed(whole(6), project="other")


def endless_data() -> Answerer:
    return lambda _: Reply(200, {"Content-Type": "application/json"}, b" " * 200_000)


ATTACKS: list[Attack] = [rollback, freeze, mix_and_match, arbitrary_content, unsigned_content, fast_forward]
ATTACKS += [wrong_environment, wrong_kind, wrong_project]


@pytest.mark.fault("C-30")
@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_on_the_way_changes_nothing(client: cuebook.Client, registry: StandIn, attack: Attack) -> None:
    registry.answer = attack()
    with pytest.raises(cuebook.CuebookError):
        client.refresh()
    assert client.get("greeting").version == 5
    assert client.state.phase == "stale"
    assert client.state.unverified == (0 if attack is rollback else 1)


def test_the_epoch_that_a_restore_begins_is_followed(client: cuebook.Client, registry: StandIn) -> None:
    """It was out of reach once: clients that check signatures stayed on what they held, for ever."""
    begun = following(1, datetime.now(UTC))
    registry.answer = signed(whole(2, epoch=begun))
    assert client.refresh()
    assert (client.state.epoch, client.get("greeting").version) == (begun, 2)


def test_endless_data_is_cut_off(registry: StandIn) -> None:
    registry.answer = endless_data()
    with cuebook.Client(registry.url, KEY, root_key=OURS.root, disk=False, answer_bytes_max=100_000) as client:
        with pytest.raises(cuebook.BadAnswer, match="larger than 100000 bytes"):
            client.refresh()
        assert client.revision is None


@pytest.mark.fault("C-30")
def test_a_revoked_key_signs_for_nobody_and_its_numbers_bind_nobody(client: cuebook.Client, registry: StandIn) -> None:
    """Who had the key for a while may have signed a revision that no true one ever reaches."""
    registry.answer = signed(whole(10**6))
    assert client.refresh()
    successor = Signer(OURS.root_pem, certified_at=NOW - 10, revokes=NOW - 10)
    registry.answer = signed(whole(7), by=successor)
    assert client.refresh()
    assert client.get("greeting").version == 7
    registry.answer = signed(whole(8))
    with pytest.raises(cuebook.NotVerified, match="its key was revoked"):
        client.refresh()


def test_two_keys_certified_side_by_side_both_count(client: cuebook.Client, registry: StandIn) -> None:
    registry.answer = signed(whole(6), by=Signer(OURS.root_pem))
    assert client.refresh()
    registry.answer = signed(whole(7))
    assert client.refresh()
    assert (client.state.verified, client.state.unverified) == ("signatures are checked", 0)


def test_the_same_is_confirmed_by_a_newer_signature_only(client: cuebook.Client, registry: StandIn) -> None:
    assert not client.refresh()  # 304, signed
    plain = registry.answer
    registry.answer = lambda asked: replace(plain(asked), headers=serving(whole(5))(asked).headers)
    with pytest.raises(cuebook.NotVerified, match="there is none"):
        client.refresh()


def test_one_refused_answer_is_said_once(client: cuebook.Client, registry: StandIn, caplog: pytest.LogCaptureFixture) -> None:
    registry.answer = arbitrary_content()
    for _ in range(3):
        with pytest.raises(cuebook.NotVerified):
            client.refresh()
    assert [record.levelname for record in caplog.records if "not trusted" in record.message] == ["ERROR"]
    assert client.state.unverified == 3


FIRST: list[tuple[Attack, dict[str, Any]]] = [(wrong_kind, {}), (wrong_project, {"project": "shop"})]


@pytest.mark.parametrize(("attack", "asserted"), FIRST)
def test_the_first_answer_is_judged_by_the_key_and_what_is_asserted(
    registry: StandIn, attack: Attack, asserted: dict[str, Any]
) -> None:
    registry.answer = attack()
    with (
        cuebook.Client(registry.url, KEY, root_key=OURS.root, disk=False, **asserted) as client,
        pytest.raises(cuebook.NotVerified),
    ):
        client.refresh()


@given(st.data())
def test_no_changed_word_passes(data: st.DataObject) -> None:
    headers = OURS.headers(whole(5))
    name = data.draw(st.sampled_from([signing.STATEMENT_HEADER, signing.CERTIFICATE_HEADER]))
    word = headers[name]
    at = data.draw(st.integers(0, len(word) - 1))
    other = data.draw(st.sampled_from("AQgw_-.!é"))
    changed = word[:at] + other + word[at + 1 :]
    # The last digit of base64 has bits that mean nothing; everything else counts.
    if _bytes(changed) == _bytes(word):
        return
    with pytest.raises(signing.BadSignature):
        _check({**headers, name: changed})


def _check(headers: dict[str, str]) -> None:
    certificate = signing.check_certificate(headers[signing.CERTIFICATE_HEADER], {OURS.root})
    signing.check_statement(headers[signing.STATEMENT_HEADER], certificate)


def _bytes(word: str) -> list[bytes | None]:
    def one(part: str) -> bytes | None:
        try:
            return signing._decode(part)
        except (ValueError, UnicodeEncodeError):
            return None

    return [one(part) for part in word.split(".")]


def test_words_are_short_enough_for_headers() -> None:
    longest = OURS.headers(whole(10**9), project="p" * 64, environment="e" * 64, audit=(10**9, "0" * 64))
    assert max(map(len, longest.values())) < 1024
    assert signing.read_statement(longest[signing.STATEMENT_HEADER]).audit == (10**9, "0" * 64)


# --- files ---------------------------------------------------------------------------------------------------------------
def synced(registry: StandIn, folder: Path, **options: Any) -> None:
    with cuebook.Client(registry.url, KEY, disk=folder, **options) as client:
        client.refresh()


def cold(registry: StandIn, folder: Path, **options: Any) -> cuebook.Client:
    """A client of the same registry, which it cannot reach."""
    return cuebook.Client(registry.url, KEY, disk=folder, wait=0.01, timeout_s=0.01, **options)


def test_the_disk_copy_is_verified_whatever_its_age(registry: StandIn, tmp_path: Path) -> None:
    old = Signer(OURS.root_pem, certified_at=NOW - 40 * DAY)
    registry.answer = signed(whole(5), by=old, issued_at=NOW - 39 * DAY, expires_at=NOW - 38 * DAY)
    synced(registry, tmp_path)
    registry.stop()
    with cold(registry, tmp_path, root_key=OURS.root) as client:
        assert client.get("greeting").source == "disk"
    with (
        cold(registry, tmp_path, root_key=Signer().root) as client,
        pytest.raises(cuebook.PromptUnavailable, match="not trusted"),
    ):
        client.get("greeting")


def test_an_unsigned_disk_copy_is_refused_and_replaced(registry: StandIn, tmp_path: Path) -> None:
    registry.answer = serving(whole(5))
    synced(registry, tmp_path)
    registry.answer = signed(whole(5))
    with cuebook.Client(registry.url, KEY, disk=tmp_path, root_key=OURS.root) as client:
        assert client.revision is None
        client.refresh()
    registry.stop()
    with cold(registry, tmp_path, root_key=OURS.root) as client:
        assert client.get("greeting").version == 5


def test_what_a_signed_copy_says_binds_the_network(registry: StandIn, tmp_path: Path) -> None:
    registry.answer = signed(whole(5))
    synced(registry, tmp_path)
    registry.answer = signed(whole(6, environment="another"))
    with cuebook.Client(registry.url, KEY, disk=tmp_path, root_key=OURS.root) as client:
        with pytest.raises(cuebook.EnvironmentMismatch):
            client.refresh()
        assert client.environment == "production"


def test_the_root_met_first_is_trusted_after_a_restart_too(registry: StandIn, tmp_path: Path) -> None:
    trust = tmp_path / "trusted" / "root"
    registry.answer = signed(whole(5))
    synced(registry, tmp_path, trust_file=trust)
    assert (trust.read_text().strip(), trust.stat().st_mode & 0o777) == (OURS.root, 0o600)
    registry.answer = arbitrary_content()
    with (
        cuebook.Client(registry.url, KEY, disk=tmp_path, trust_file=trust) as client,
        pytest.raises(cuebook.NotVerified, match="not trusted"),
    ):
        client.refresh()


# --- without -------------------------------------------------------------------------------------------------------------
def test_without_a_root_key_the_state_says_so_and_digests_are_checked(registry: StandIn) -> None:
    registry.answer = signed(whole(5), by=Signer())
    with cuebook.Client(registry.url, KEY, refresh_s=1000, disk=False) as client:
        assert client.get("greeting").version == 5
        assert client.state.verified == "signatures are not checked: there is no root key"
        registry.answer = mix_and_match()
        with pytest.raises(cuebook.NotVerified, match="it is about the digest"):
            client.refresh()


def test_without_the_extra_the_state_says_what_to_install(monkeypatch: pytest.MonkeyPatch, registry: StandIn) -> None:
    monkeypatch.setattr(_verify, "find_spec", lambda name: None)
    registry.answer = arbitrary_content()
    with cuebook.Client(registry.url, KEY, root_key=OURS.root, disk=False) as client:
        assert client.get("greeting").version == 6
        assert client.state.verified == "signatures are not checked: install cuebook[verify]"


USE = """
import sys, cuebook
cuebook.Client(sys.argv[1], sys.argv[2], disk=False).get("greeting")
print("cryptography" in sys.modules)
"""


def test_a_client_without_a_root_never_imports_cryptography(registry: StandIn) -> None:
    registry.answer = signed(whole(5))
    command = [sys.executable, "-c", USE, registry.url, KEY]
    assert subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip() == "False"


@pytest.mark.parametrize("root", ["abc", "not base64", "AAAA"])
def test_a_root_key_that_is_none_stops_the_start(root: str) -> None:
    with pytest.raises(cuebook.Misconfigured, match="root key"):
        cuebook.Client(NOWHERE, KEY, root_key=root)
