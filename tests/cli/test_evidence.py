"""Evidence of releases, named or drawn by chance."""

from __future__ import annotations

import hashlib
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook.cli.evidence import draw
from tests.cli.conftest import Command

NUMBERS = st.lists(st.integers(1, 10_000), unique=True, max_size=50)


@pytest.fixture
def place(cuebook: Command, name: str) -> str:
    """An environment with four applied releases and one that only waits."""
    made = f"place-{uuid.uuid4().hex[:8]}"
    cuebook("env", "create", made)
    for number in range(1, 5):
        cuebook("save", name, "-", stdin=f"text {number}".encode())
        assert cuebook("promote", f"{name}@{number}", "--to", made, "-m", f"edit {number}").code == 0
    cuebook("propose", f"{name}@1", "--to", made, "-m", "not applied")
    return made


def test_a_sample_is_drawn_again_by_its_seed(cuebook: Command, place: str) -> None:
    ran = cuebook("evidence", "--sample", "2", "--environment", place)
    first = ran.text.splitlines()[0]
    assert first.startswith("2 of the 4 releases applied, drawn with --seed ")
    assert ran.text.count("Release ") == 2
    assert cuebook("evidence", "--sample", "2", "--environment", place, "--seed", first.split()[-1]).text == ran.text
    drawn = cuebook("evidence", "--sample", "9", "--in", place, "--seed", "x", "--json").json
    assert drawn["sample"] == {"seed": "x", "drawn": 4, "of": 4}
    assert [page["release"]["state"] for page in drawn["items"]] == ["applied"] * 4


def test_a_sample_is_of_a_time(cuebook: Command, place: str) -> None:
    for times, count in (
        (("--since", "1h ago"), 4),
        (("--until", "1h ago"), 0),
        (("--since", "2020-01-01", "--until", "now"), 4),
    ):
        drawn = cuebook("evidence", "--sample", "9", "--environment", place, *times, "--json").json
        assert drawn["sample"]["of"] == count


def test_releases_are_named_or_drawn(cuebook: Command, place: str) -> None:
    assert cuebook("evidence").code == 7
    assert cuebook("evidence", "1", "--sample", "1").code == 7
    assert cuebook("evidence", "1", "--environment", place).code == 7
    assert "Release 1: " in cuebook("evidence", "1").text


@given(NUMBERS, st.integers(0, 60), st.text(max_size=5))
def test_a_draw_is_a_part_in_order_and_does_not_care_in_which_order_it_looked(
    numbers: list[int], count: int, seed: str
) -> None:
    drawn = draw(numbers, count, seed)
    assert drawn == sorted(drawn)
    assert {*drawn} <= {*numbers}
    assert len(drawn) == min(count, len(numbers))
    assert draw(numbers[::-1], count, seed) == drawn


def test_chance_decides_and_not_the_newest() -> None:
    numbers = range(1, 1_001)
    assert draw(numbers, 25, "a") != draw(numbers, 25, "b")
    assert 300 < sum(draw(numbers, 25, "a")) / 25 < 700
    [one] = draw([7, 8], 1, "q")
    assert one == min((7, 8), key=lambda n: hashlib.sha256(f"q:{n}".encode()).hexdigest())
