"""How credentials look, and when they count."""

from __future__ import annotations

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook_server.domain import keys
from cuebook_server.domain.errors import UnknownKey
from cuebook_server.domain.keys import CredentialKind, mint, read, within

KINDS = st.sampled_from(["dev", "stg", "prd", "other", "svc"])
RANDOM = st.binary(min_size=40, max_size=40)


@given(KINDS, RANDOM)
def test_what_is_minted_can_be_read(kind: CredentialKind, random: bytes) -> None:
    credential = mint(kind, random)
    assert read(credential.token) == credential
    assert re.fullmatch(r"cue_[a-z]+_[a-z2-7]{13}_[a-z2-7]{52}_[0-9a-f]{8}", credential.token)
    assert credential.verifier == hashlib.sha256(credential.token.encode()).hexdigest()
    assert keys.is_delivery(credential) == (kind != "svc")


@given(KINDS, RANDOM, st.data())
def test_a_typing_error_is_found_without_the_database(kind: CredentialKind, random: bytes, data: st.DataObject) -> None:
    token = mint(kind, random).token
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz234567_").filter(lambda c: c != token[place]))
    with pytest.raises(UnknownKey):
        read(token[:place] + other + token[place + 1 :])


@given(st.text())
def test_any_other_text_is_no_credential(text: str) -> None:
    with pytest.raises(UnknownKey):
        read(text)


def test_a_representation_hides_the_secret() -> None:
    credential = mint("prd", bytes(40))
    assert credential.token.split("_")[3] not in repr(credential)


@given(st.ip_addresses(v=4))
def test_an_address_in_its_ipv6_form_is_the_same_address(address: object) -> None:
    assert within((f"{address}/32",), f"::ffff:{address}")
    assert within((f"{address}/32",), str(address))
    assert within(("0.0.0.0/0",), f"::ffff:{address}")
    assert not within(("::/0",), str(address))


def test_no_network_means_nowhere_and_nonsense_is_nowhere() -> None:
    assert not within((), "127.0.0.1")
    for address in ("", "localhost", "127.0.0.1:80", "fe80::1%eth0/64"):
        assert not within(("0.0.0.0/0", "::/0"), address)
