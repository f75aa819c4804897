"""The error table: every code and status has its class, and whatever a proxy says is an error in our words."""

from __future__ import annotations

import copy
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook import errors
from cuebook.errors import CODES, STATUSES, CuebookError, from_answer


@pytest.mark.parametrize("code", CODES)
def test_a_code_of_the_registry_becomes_its_class(code: str) -> None:
    body = {"type": "about:blank", "title": "T", "status": 400, "detail": "D.", "code": code, "hint": "H.", "theirs": [1]}
    error = from_answer(418, json.dumps(body).encode())
    assert type(error) is CODES[code]
    assert (error.code, error.detail, error.hint, error.status, error.data) == (code, "D.", "H.", 418, {"theirs": [1]})
    assert str(error) == "D. H."


def test_a_code_of_a_newer_registry_keeps_its_name_and_takes_the_class_of_its_status() -> None:
    error = from_answer(409, b'{"code": "frozen_for_the_holidays", "title": "Frozen"}')
    assert (type(error), error.code, error.detail) == (errors.Conflict, "frozen_for_the_holidays", "Frozen")


@pytest.mark.parametrize("status", STATUSES)
def test_a_proxys_page_takes_the_class_of_its_status(status: int) -> None:
    assert type(from_answer(status, b"<html>")) is STATUSES[status]


@given(st.integers(400, 599), st.binary(max_size=50) | st.from_type(dict).map(lambda d: json.dumps(d, default=str).encode()))
def test_any_refusal_is_an_error_with_a_sentence(status: int, body: bytes) -> None:
    error = from_answer(status, body)
    assert str(error)
    assert error.status == status


def _tree(kind: type[CuebookError]) -> list[type[CuebookError]]:
    return [kind, *(leaf for child in kind.__subclasses__() for leaf in _tree(child))]


@pytest.mark.parametrize("kind", _tree(CuebookError))
def test_every_error_has_a_sentence_and_survives_processes(kind: type[CuebookError]) -> None:
    error = kind(status=400, data={"a": 1})
    assert error.detail.endswith(".")
    for same in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert (type(same), str(same), same.__dict__) == (kind, str(error), error.__dict__)


def test_codes_are_not_shared() -> None:
    codes = [kind.code for kind in _tree(CuebookError)]
    assert len(codes) == len(set(codes))
