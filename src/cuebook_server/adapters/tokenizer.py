"""Counts tokens by the tokenizer of OpenAI's newer models, which lies in a package: no ranks are fetched."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from math import ceil
from typing import Any

from cuebook_server.services.ports_checking import Count

CHARS_A_TOKEN = 4
_OWN = re.compile(r"(gpt-4o|gpt-4\.[1-9]|gpt-[5-9]|chatgpt-4o|o[1-9])")


class Tokenizer:
    """One tokenizer for all: exact for the models that use it, close for others, a rough estimate where it is not installed."""

    def count(self, texts: Sequence[str], provider: str, model: str) -> Count:
        """How many tokens the texts have; what a provider adds around messages is not in it."""
        tokenizer = _o200k()
        if tokenizer is None:
            return Count(ceil(sum(map(len, texts)) / CHARS_A_TOKEN), f"estimated: {CHARS_A_TOKEN} characters each", exact=False)
        exact = provider in ("", "openai", "azure") and _OWN.match(model.lower()) is not None
        by = "o200k_base" if exact or not model else "o200k_base; this model's own may differ"
        return Count(sum(map(tokenizer.count, texts)), by, exact)


@cache
def _o200k() -> Any:
    # On demand: it takes 70 MB, which a node that only serves has no use for.
    if find_spec("rs_bpe") is None:
        return None
    from rs_bpe import openai

    return openai.o200k_base()
