"""The contract suite of spec/delivery, which any SDK can run, over this one's engine."""

from __future__ import annotations

import pytest

from tests.sdk import contract

CASES = contract.cases()


@pytest.mark.parametrize("case", [case for _, case in CASES], ids=[name for name, _ in CASES])
def test_the_engine_does_what_the_contract_says(case: contract.Json) -> None:
    assert contract.run(case) == case["steps"]


def test_every_input_and_every_action_occurs() -> None:
    steps = [step for _, case in CASES for step in case["steps"]]
    assert {name for step in steps for name in contract.INPUTS if name in step} == set(contract.INPUTS)
    told = {name for step in steps for action in step["then"] for name in action}
    assert told == {"fetch", "listen", "hangup", "store", "touch", "changed", "entered", "wait"}
