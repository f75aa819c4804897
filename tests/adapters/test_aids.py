"""What drafts are looked at with: patterns of secrets, a tokenizer, prices. None of it asks the network."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cuebook_server.adapters import secret_patterns, tokenizer
from cuebook_server.adapters.prices import BadPrices, PriceList
from cuebook_server.adapters.tokenizer import Tokenizer

# Put together here, so that no scanner takes this file for a leak.
TOKEN = "ghp_" + "a1B2" * 9


@pytest.mark.parametrize("before", ["", "Use ", "line\n" * 300, "x " * 490, "é" * 1_990])
def test_a_secret_is_found_where_it_stands(before: str) -> None:
    found = [*secret_patterns.find(f"{before}{TOKEN} and go on")]
    assert [(one.what, one.start, one.end) for one in found] == [("GitHub Token", len(before), len(before) + len(TOKEN))]


@pytest.mark.parametrize("said", ["", "Ask the API for 10.0.0.1", "The password is asked for, the key is not", "eyJ" * 5_000])
def test_plain_words_are_no_secret(said: str) -> None:
    assert [*secret_patterns.find(said)] == []


@settings(max_examples=20)
@given(st.text(max_size=3_000))
def test_every_find_is_a_stretch_of_the_text(said: str) -> None:
    for one in secret_patterns.find(said):
        assert 0 <= one.start < one.end <= len(said)


def test_tokens_are_exact_for_the_models_that_use_the_tokenizer() -> None:
    assert Tokenizer().count(["Hello", " world"], "openai", "gpt-5.2").tokens == 2
    told = {model: Tokenizer().count(["x"], provider, model).exact for provider, model in PAIRS}
    assert told == {"gpt-5.2": True, "o4-mini": True, "gpt-3.5-turbo": False, "claude-sonnet-4-5": False, "": False}


PAIRS = [("openai", "gpt-5.2"), ("", "o4-mini"), ("openai", "gpt-3.5-turbo"), ("anthropic", "claude-sonnet-4-5"), ("", "")]


def test_without_the_tokenizer_it_says_that_it_estimates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizer, "_o200k", lambda: None)
    count = Tokenizer().count(["x" * 9], "openai", "gpt-5.2")
    assert (count.tokens, count.by, count.exact) == (3, "estimated: 4 characters each", False)


def test_an_own_price_comes_first(tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    file.write_text('{"openai/gpt-5.2": {"input": 2, "as_of": "2026-11-01", "source": "contract"}}')
    own = PriceList(file).cost(500_000, "openai", "gpt-5.2")
    assert own is not None
    assert (own.usd, own.source, own.as_of) == (1.0, "contract", "2026-11-01")


def test_known_models_have_a_price_and_others_none() -> None:
    known = PriceList(None).cost(1_000, "openai", "gpt-4o")
    assert known is not None
    assert 0 < known.usd < 1
    assert known.source.startswith("genai-prices ")
    assert PriceList(None).cost(1_000, "openai", "nobody-1") is None
    assert PriceList(None).cost(1_000, "nobody", "gpt-4o") is None


@pytest.mark.parametrize(
    "said", ["[]", "{", '{"a/b": {"input": -1}}', '{"a/b": {"input": 1, "out": 2}}', '{"a/b": {"input": NaN}}']
)
def test_a_bad_list_is_refused_at_the_start(tmp_path: Path, said: str) -> None:
    file = tmp_path / "prices.json"
    file.write_text(said)
    with pytest.raises(BadPrices):
        PriceList(file)
    with pytest.raises(BadPrices):
        PriceList(tmp_path / "none.json")
