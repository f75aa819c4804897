"""What a measurement gives back, and whether it reached its target."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Row(NamedTuple):
    """One measurement: ``value`` is for orientation, ``ratio`` compares two figures of one run and so holds on any machine.

    ``target`` bounds the ratio where there is one, else the value, from below (``least``) or from above (``most``).
    ``None``: nothing was promised. A ``value`` of NaN: it could not be measured, and the name says why.
    """

    name: str
    value: float
    unit: str
    ratio: float | None = None
    target: float | None = None
    bound: Literal["least", "most"] = "least"

    @property
    def reached(self) -> bool | None:
        """Whether the target was reached; ``None`` when there is none."""
        if self.target is None:
            return None
        measured = self.value if self.ratio is None else self.ratio
        return measured >= self.target if self.bound == "least" else measured <= self.target
