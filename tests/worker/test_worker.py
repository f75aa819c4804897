"""Jobs go on whatever happens in them, and end when they are told to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from cuebook_server.worker import Job, Worker, _pause_s


def run(job: Callable[[Callable[[], bool]], object], until: threading.Event) -> None:
    worker = Worker([Job("test", 0.01, job)])
    worker.start()
    try:
        assert until.wait(20)
    finally:
        worker.stop()


def test_a_job_runs_again_and_again() -> None:
    rounds: list[int] = []
    done = threading.Event()

    def job(_: Callable[[], bool]) -> None:
        rounds.append(1)
        if len(rounds) == 3:
            done.set()

    run(job, done)
    assert len(rounds) >= 3


def test_a_job_that_fails_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    done = threading.Event()
    rounds: list[int] = []

    def job(_: Callable[[], bool]) -> None:
        rounds.append(1)
        if len(rounds) == 1:
            raise RuntimeError("the disk is full")
        done.set()

    run(job, done)
    assert "test failed and is tried again: the disk is full" in caplog.text


def test_one_that_hangs_holds_up_no_other_and_no_stop() -> None:
    done, never = threading.Event(), threading.Event()
    worker = Worker([Job("hangs", 1, lambda _: never.wait(20)), Job("goes", 0.01, lambda _: done.set())])
    worker.start()
    assert done.wait(20)
    began = time.monotonic()
    worker.stop(timeout_s=0.1)
    assert time.monotonic() - began < 10
    never.set()


def test_a_job_learns_that_the_process_ends() -> None:
    began, ended = threading.Event(), threading.Event()

    def job(stopping: Callable[[], bool]) -> None:
        began.set()
        while not stopping():
            time.sleep(0.01)
        ended.set()

    run(job, began)
    assert ended.wait(20)


@pytest.mark.parametrize(
    ("every_s", "failures", "longest_s"), [(1, 0, 1), (1, 1, 2), (1, 3, 8), (1, 100, 60), (3_600, 0, 3_600), (3_600, 9, 3_600)]
)
def test_failures_make_pauses_longer_but_not_endless(every_s: float, failures: int, longest_s: float) -> None:
    pauses = [_pause_s(every_s, failures) for _ in range(100)]
    assert 0.8 * longest_s <= min(pauses) < max(pauses) <= longest_s


def test_one_that_is_for_the_end_too_runs_once_more() -> None:
    """Which keys were used in the last minute of a process is worth a word, and no wait."""
    rounds: list[bool] = []
    worker = Worker([Job("uses", 60, lambda stopping: rounds.append(stopping()), at_end=True)])
    worker.start()
    worker.stop(20)
    assert rounds in ([False, True], [True]), "it may be told to stop before it began"
