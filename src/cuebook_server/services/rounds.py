"""A round over many things, where what fails for one of them holds up none after it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


def for_each(things: Iterable[T], do: Callable[[T], object], stopping: Callable[[], bool] = lambda: False) -> None:
    """Do something for each of them, until it is time to stop. Raises the last failure, once the round is over."""
    wrong: Exception | None = None
    for thing in things:
        if stopping():
            break
        try:
            do(thing)
        except Exception as error:  # noqa: BLE001 - raised below; whatever it is, the others must not wait for it
            wrong = error
    if wrong is not None:
        raise wrong
