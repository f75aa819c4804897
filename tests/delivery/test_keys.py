"""The key check comes first, on every path, and says exactly what is wrong with a key and nothing about anything else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from cuebook_server.domain.keys import DeliveryKey, mint
from tests.delivery.client import TRIAGE, Answer, Shop

PATHS = [
    f"/v1/prompts/{TRIAGE}",
    "/v1/prompts",
    "/v1/snapshot",
    "/v1/nowhere",
    f"/v1/prompts/{TRIAGE}/render",
    "/v1/prompts/%2e",
]
PATH = PATHS[0]
NOW = datetime.now(UTC)


def change(shop: Shop, **changes: object) -> None:
    """Change production's key and tell the node."""
    row = next(key for key in shop.source.delivery_keys.values() if key.environment == "production")
    shop.source.change_key(replace(row, **changes))  # type: ignore[arg-type]  # the tests name fields of DeliveryKey
    assert shop.node.board.refresh_now()


def refused(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.code


@pytest.mark.parametrize("path", PATHS)
def test_no_path_answers_without_a_key(shop: Shop, path: str) -> None:
    answer = shop.node.get(path, None)
    assert refused(answer) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", PATHS)
def test_no_path_answers_to_an_unknown_key(shop: Shop, path: str) -> None:
    unknown = mint("prd", Random(1).randbytes(40)).token
    assert refused(shop.node.get(path, unknown)) == (401, "unknown_key")
    assert shop.node.board.counters.unknown_keys == 1


def test_a_typing_error_is_told_by_the_checksum(shop: Shop) -> None:
    wrong = shop.prd[:30] + ("a" if shop.prd[30] != "a" else "b") + shop.prd[31:]
    answer = shop.node.get(PATH, wrong)
    assert refused(answer) == (401, "unknown_key")
    assert "checksum" in answer.json["detail"]


def test_a_management_token_is_of_the_wrong_kind(shop: Shop) -> None:
    assert refused(shop.node.get(PATH, mint("svc", Random(2).randbytes(40)).token)) == (401, "wrong_key_kind")


@pytest.mark.parametrize("token", ["", "sk-1234", "cue_prd_short", "\xff\xfe", "cue_prd_a_b_c, cue_dev_a_b_c"])
def test_what_is_no_key_is_unknown(shop: Shop, token: str) -> None:
    answer = shop.node.ask(PATH, [("authorization", f"Bearer {token}")])
    assert refused(answer) == (401, "unknown_key")
    assert not token or token not in answer.body.decode()


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "bEaReR"])
def test_the_schemes_case_does_not_matter(shop: Shop, scheme: str) -> None:
    assert shop.node.ask(PATH, [("authorization", f"{scheme}  {shop.prd} ")]).status == 200


@pytest.mark.parametrize("scheme", ["Basic ", "", "Bearer", "Token "])
def test_other_schemes_are_refused(shop: Shop, scheme: str) -> None:
    assert refused(shop.node.ask(PATH, [("authorization", scheme + shop.prd)])) == (401, "unauthenticated")


def test_two_authorization_headers_are_refused(shop: Shop) -> None:
    both = [("authorization", f"Bearer {shop.prd}"), ("authorization", f"Bearer {shop.keys['staging']}")]
    assert refused(shop.node.ask(PATH, both)) == (401, "unauthenticated")


@pytest.mark.parametrize(("header", "status"), [(True, 400), (False, 401)])
def test_a_key_in_the_url_is_refused_and_not_repeated(shop: Shop, header: bool, status: int) -> None:
    answer = shop.node.get(f"{PATH}?key={shop.prd}", shop.prd if header else None)
    assert answer.status == status
    assert "URL" in answer.json["hint"]
    assert shop.prd not in answer.body.decode()


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"revoked_at": NOW - timedelta(seconds=1)}, 401, "key_revoked"),
        ({"revoked_at": NOW + timedelta(hours=1)}, 401, "key_revoked"),  # the clock was set back
        ({"expires_at": NOW - timedelta(seconds=1)}, 401, "key_expired"),
        ({"networks": ("10.0.0.0/8", "2001:db8::/32")}, 403, "outside_network"),
    ],
)
def test_a_key_that_no_longer_counts(shop: Shop, changes: dict[str, object], status: int, code: str) -> None:
    change(shop, **changes)
    assert refused(shop.get(PATH)) == (status, code)


@pytest.mark.parametrize(
    "changes",
    [{"expires_at": NOW + timedelta(hours=1)}, {"networks": ("127.0.0.0/8",)}],
)
def test_a_key_that_still_counts(shop: Shop, changes: dict[str, object]) -> None:
    change(shop, **changes)
    assert shop.get(PATH).status == 200


def test_an_address_that_is_none_is_outside_every_network(shop: Shop) -> None:
    change(shop, networks=("0.0.0.0/0", "::/0"))
    assert shop.node.ask(PATH, [("authorization", f"Bearer {shop.prd}")], address="unix:").status == 403


def test_a_key_of_an_environment_that_is_not_loaded_waits(shop: Shop) -> None:
    lonely = mint("prd", Random(3).randbytes(40))
    shop.source.change_key(DeliveryKey(lonely.selector, lonely.verifier, 9, 9, "nowhere", "k", "a", NOW))
    shop.node.board.refresh_now()
    answer = shop.node.get(PATH, lonely.token)
    assert refused(answer) == (503, "unavailable")
    assert answer.headers["retry-after"] == "1"


def test_use_is_noted_by_selector(shop: Shop) -> None:
    shop.get(PATH)
    (selector,) = shop.node.board.take_used()
    assert selector in shop.prd
    assert shop.node.board.take_used() == {}
