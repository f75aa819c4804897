"""The pure core: what an answer does to what is held. The cases are data, for other languages' SDKs to run too."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook import delivery, errors
from cuebook._exchange import Answer
from cuebook.delivery import NOTHING, Snapshot, decide, fallback_prompt, lag_s, pause_s, prompt_request, snapshot_request
from tests.sdk.standin import served, whole

HEADERS = {"content-type": "application/json", "etag": '"x"'}
FOREIGN = {"cuebook-environment": "staging"}


def answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    return Answer(status, {**HEADERS, **(headers or {})}, body if isinstance(body, bytes) else json.dumps(body).encode())


def holding(revision: int = 5, **rest: Any) -> Snapshot:
    return decide(NOTHING, answer(whole(revision, **rest)), 0.0)


# (what comes, the code of the error that says why it is not used). Held: production at (1, 5).
REFUSED: list[tuple[str, Answer, str]] = [
    ("older", answer(whole(4)), "bad_answer"),
    ("an older epoch", answer(whole(9, epoch=0)), "bad_answer"),
    ("foreign", answer(whole(6, environment="staging")), "environment_mismatch"),
    ("foreign 304", answer(b"", 304, FOREIGN), "environment_mismatch"),
    ("foreign by its header", answer(whole(6), 200, FOREIGN), "bad_answer"),
    ("a foreign prompt", answer(whole(6, served("a", environment="staging"))), "bad_answer"),
    ("empty body", answer(b""), "bad_answer"),
    ("emptied", answer({**whole(6), "prompts": []}), "bad_answer"),
    ("cut off", answer(json.dumps(whole(6)).encode()[:-9]), "bad_answer"),
    ("a login page", Answer(200, {"content-type": "text/html"}, b"<html>"), "bad_answer"),
    ("a login page that lies", answer(b"<html>"), "bad_answer"),
    ("a list", answer([]), "bad_answer"),
    ("no revision", answer({"environment": "production", "epoch": 1, "prompts": []}), "bad_answer"),
    ("true for a number", answer(whole(6) | {"epoch": True}), "bad_answer"),
    ("a name twice", answer(whole(6, served("a"), served("a"))), "bad_answer"),
    ("a key twice", answer(b'{"revision": 6, "revision": 7}'), "bad_answer"),
    ("an unknown kind", answer(whole(6, {**served("a"), "kind": "song"})), "bad_answer"),
    ("no text", answer(whole(6, {**served("a"), "text": None})), "bad_answer"),
    ("prompts that are none", answer(whole(6) | {"prompts": ["a"]}), "bad_answer"),
    ("a list of aliases", answer(whole(6, aliases=["a"])), "bad_answer"),
    ("a redirect", answer(b"", 302, {"location": "https://elsewhere.invalid"}), "bad_answer"),
    ("a proxy's 404", answer(b"not here", 404), "not_found"),
    ("a broken server", answer(b"", 500), "unavailable"),
    ("a revoked key", answer({"code": "key_revoked"}, 401), "key_revoked"),
    ("no right", answer(b"", 403), "forbidden"),
]


@pytest.mark.parametrize(("bad", "code"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_a_bad_answer_raises_and_so_never_replaces_what_is_held(bad: Answer, code: str) -> None:
    with pytest.raises(errors.CuebookError) as refused:
        decide(holding(5), bad, 0.0)
    assert refused.value.code == code


def test_a_greater_revision_or_epoch_replaces() -> None:
    assert decide(holding(5), answer(whole(6)), 0.0).revision == 6
    assert decide(holding(5), answer(whole(1, epoch=2)), 0.0).epoch == 2


def test_not_modified_and_the_same_revision_confirm() -> None:
    held = holding(5)
    assert decide(held, answer(b"", 304), 0.0) is held
    again = decide(held, answer(whole(5), 200, {"etag": '"y"'}), 0.0)
    assert again.prompts is held.prompts
    assert again.etag == '"y"'


def test_not_modified_without_anything_held_is_no_answer() -> None:
    with pytest.raises(errors.BadAnswer):
        decide(NOTHING, answer(b"", 304), 0.0)


def test_everything_may_go_when_it_was_retired() -> None:
    empty = decide(holding(5), answer(whole(6, retired=["greeting"]) | {"prompts": []}), 0.0)
    assert empty.prompts == {}
    assert isinstance(empty.refusal("greeting"), errors.Retired)


def test_an_environment_with_nothing_released_is_a_good_first_answer() -> None:
    assert decide(NOTHING, answer(whole(0) | {"prompts": []}), 0.0).revision == 0


def test_the_asserted_environment_is_checked_on_this_side_too() -> None:
    with pytest.raises(errors.EnvironmentMismatch):
        decide(NOTHING, answer(whole(1)), 0.0, environment="staging")


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), max_size=12))
def test_what_is_held_never_goes_back(orders: list[tuple[int, int]]) -> None:
    held, seen = NOTHING, []
    for epoch, revision in orders:
        try:
            held = decide(held, answer(whole(revision, epoch=epoch)), 0.0)
        except errors.BadAnswer:
            assert (epoch, revision) < (held.epoch, held.revision)
        seen.append((held.epoch, held.revision))
    assert seen == sorted(seen)
    assert not orders or seen[-1] == max(orders)


@given(st.binary(max_size=60), st.sampled_from([200, 206, 304, 400, 503]))
def test_any_bytes_are_refused_in_our_words(body: bytes, status: int) -> None:
    with pytest.raises(errors.CuebookError):
        decide(NOTHING, answer(body, status), 0.0)


def test_the_request_names_what_is_held_and_what_is_wanted() -> None:
    assert snapshot_request(NOTHING).headers == {}
    request = snapshot_request(holding(5), environment="production", min_revision=7)
    assert request.params == {"environment": "production", "min_revision": "7"}
    assert request.headers == {"Cuebook-Applied": "1:5", "If-None-Match": '"x"'}


def test_a_name_cannot_leave_its_place_in_the_path() -> None:
    assert prompt_request("a/../b?x", version="1", subject=None, environment=None).path == "/v1/prompts/a%2F..%2Fb%3Fx"


def test_an_old_name_finds_the_prompt() -> None:
    held = holding(5, aliases={"hello": "greeting", "dead": "gone"}, retired=["gone"])
    found = held.look("hello")
    assert found is not None
    assert found.name == "greeting"
    assert isinstance(held.refusal("dead"), errors.Retired)
    assert "Did you mean greeting?" in str(held.refusal("greting"))


@pytest.mark.parametrize("luck", [0.0, 0.999])
def test_pauses_are_spread_back_off_and_obey_retry_after(luck: float) -> None:
    down, told = errors.Unavailable(), errors.Unavailable(retry_after_s=70.0)
    assert 4 <= pause_s(5, 0, None, held=True, luck=luck) <= 6
    assert 0.1 <= pause_s(5, 1, down, held=False, luck=luck) <= 0.25
    assert 0.1 <= pause_s(5, 99, down, held=True, luck=luck) <= 30
    assert pause_s(5, 1, told, held=True, luck=luck) >= 70
    assert 48 <= pause_s(5, 1, errors.Unauthenticated(), held=True, luck=luck) <= 72


@pytest.mark.parametrize("as_of", ["1792576800000", "2026-10-21T10:00:00Z", "2026-10-21T12:00:00+02:00"])
def test_a_node_that_lags_says_by_how_much(as_of: str) -> None:
    assert lag_s({"date": "Wed, 21 Oct 2026 10:00:07 GMT", "cuebook-as-of": as_of}) == 7.0


@pytest.mark.parametrize("headers", [{}, {"date": "x", "cuebook-as-of": "1"}, {"date": "Wed, 21 Oct 2026 10:00:07 GMT"}])
def test_what_a_node_does_not_say_counts_as_no_lag(headers: dict[str, str]) -> None:
    assert lag_s(headers) == 0.0


@pytest.mark.parametrize(
    "fallback",
    [
        "Hello {{who}}",
        lambda: "Hello {{who}}",
        {"text": "Hello {{who}}"},
        served("other"),
        [{"role": "user", "content": "Hello {{who}}"}],
    ],
)
def test_a_fallback_may_have_any_form(fallback: delivery.Fallback) -> None:
    prompt = fallback_prompt("greeting", fallback)
    assert prompt.render(who="you").messages == [{"role": "user", "content": "Hello you"}]
    assert (prompt.name, prompt.source, prompt.age) == ("greeting", "fallback", float("inf"))
    assert fallback_prompt("greeting", prompt) == prompt


@pytest.mark.parametrize("fallback", [{}, {"kind": "song"}, {"text": 7}])
def test_a_fallback_that_is_no_prompt_is_refused(fallback: Any) -> None:
    with pytest.raises(errors.Invalid, match="greeting"):
        fallback_prompt("greeting", fallback)
