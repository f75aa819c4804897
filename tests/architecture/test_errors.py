"""The tree of refusals: scripts and tests of other people rely on its codes."""

from __future__ import annotations

import json
import re
from collections import Counter

from cuebook import errors as sdk
from cuebook_server.delivery import problems as delivery
from cuebook_server.http import errors as management
from tools.reference.errors import refusals

SDK_ONLY = {"error", "bad_answer", "misconfigured", "not_verified", "prompt_unavailable"}


def test_a_code_means_one_refusal() -> None:
    assert [code for code, count in Counter(refusal.code for refusal in refusals()).items() if count > 1] == []


def test_a_code_is_a_word_of_small_letters() -> None:
    assert [refusal.code for refusal in refusals() if not re.fullmatch(r"[a-z]+(_[a-z]+)*", refusal.code)] == []


def test_a_refusal_defines_its_own_code_and_its_own_title() -> None:
    """A class without its own would answer with its parent's, and nobody could tell the two apart."""
    assert [refusal.__name__ for refusal in refusals() if "code" not in vars(refusal) or not refusal.__doc__] == []


def test_every_refusal_says_what_to_do() -> None:
    """Half of the codes once had no hint of their own and said the kind's, such as "try again shortly" for a newer schema."""
    assert [refusal.code for refusal in refusals() if not refusal.hint.endswith((".", ")"))] == []


def test_a_title_is_one_sentence() -> None:
    assert [refusal.__name__ for refusal in refusals() if not re.fullmatch(r"[A-Z].{8,100}\.", _first_line(refusal))] == []


def _first_line(refusal: type) -> str:
    return (refusal.__doc__ or "").strip().splitlines()[0]


def test_both_doors_answer_a_refusal_alike() -> None:
    """Delivery and management are strangers to each other, so each has its table; a client must not notice."""
    different = []
    for refusal in refusals():
        managed, (status, _, delivered) = management.problem(refusal()), delivery.refused(refusal())
        if (managed["status"], managed["type"], managed["code"]) != (
            status,
            (told := json.loads(delivered))["type"],
            told["code"],
        ):
            different.append(refusal.code)
    assert different == []


def test_the_sdk_knows_only_codes_that_exist() -> None:
    """Its own errors, for what happens before the registry is reached, have codes that the registry does not use."""
    served = {refusal.code for refusal in refusals()}
    assert {code for code in map(_code, _below(sdk.CuebookError)) if code not in served} <= SDK_ONLY


def _code(error: type[sdk.CuebookError]) -> str:
    return error.code


def _below(parent: type[sdk.CuebookError]) -> list[type[sdk.CuebookError]]:
    return [found for child in parent.__subclasses__() for found in (child, *_below(child))]
