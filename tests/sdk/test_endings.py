"""Clients that are closed, processes that end, and threads that do several such things at the same moment."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import cuebook
from cuebook._exchange import Request
from cuebook._files import Disk
from cuebook._transport import Transport
from tests.sdk.conftest import KEY
from tests.sdk.standin import Asked, Reply, StandIn, serving, whole
from tests.sdk.test_async_client import arrives
from tests.sdk.test_client import until
from tests.sdk.test_files import synced
from tests.support.server import clean_environment

SOURCES = Path(cuebook.__file__).parents[1]
JOB = "import sys, cuebook; cuebook.Client(sys.argv[1], sys.argv[2], disk=sys.argv[3]).get('greeting')"


@pytest.fixture
def impatient() -> Iterator[None]:
    """Threads change after every few instructions."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A disk that does not come back from any write."""
    back = threading.Event()
    monkeypatch.setattr(Disk, "save", lambda *_: back.wait(60))
    monkeypatch.setattr("cuebook._threads.EXIT_S_MAX", 0.1)
    monkeypatch.setattr("cuebook._tasks.EXIT_S_MAX", 0.1)
    yield
    back.set()


def test_a_process_that_reads_one_prompt_and_ends_leaves_a_disk_copy(registry: StandIn, tmp_path: Path) -> None:
    environment = clean_environment() | {"PYTHONPATH": str(SOURCES)}
    subprocess.run([sys.executable, "-c", JOB, registry.url, KEY, str(tmp_path)], env=environment, check=True, timeout=60)
    assert len(list(tmp_path.glob("*.json"))) == 1


def test_a_disk_that_hangs_delays_no_release(registry: StandIn, hanging: None, tmp_path: Path) -> None:
    with cuebook.Client(registry.url, KEY, refresh_s=0.02, disk=tmp_path) as client:
        client.get("greeting")
        registry.answer = serving(whole(2))
        until(lambda: client.get("greeting").version == 2)


def test_nor_does_it_with_asyncio(registry: StandIn, hanging: None, tmp_path: Path) -> None:
    async def read() -> None:
        async with cuebook.AsyncClient(registry.url, KEY, refresh_s=0.02, disk=tmp_path) as client:
            await client.get("greeting")
            registry.answer = serving(whole(2))
            await arrives(client, 2)

    asyncio.run(read())


def test_an_event_loop_whose_threads_are_busy_delays_no_release(registry: StandIn, tmp_path: Path) -> None:
    async def read(done: threading.Event) -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))
        busy = loop.run_in_executor(None, done.wait, 60)
        async with cuebook.AsyncClient(registry.url, KEY, refresh_s=0.02, disk=tmp_path) as client:
            for revision in (1, 2, 3):
                registry.answer = serving(whole(revision))
                await arrives(client, revision)
        done.set()
        await busy

    asyncio.run(read(threading.Event()))


def test_a_closed_client_says_so_and_asks_nobody(registry: StandIn) -> None:
    never_used, client = cuebook.Client(registry.url, KEY), cuebook.Client(registry.url, KEY)
    client.refresh()
    asked = len(registry.asked)
    for closed in (never_used, client):
        closed.close()
        for use in (lambda: closed.fetch("greeting"), closed.refresh):  # noqa: B023 - called at once
            with pytest.raises(cuebook.Unavailable, match="The client is closed"):
                use()
    assert len(registry.asked) == asked


@pytest.fixture
def asked(registry: StandIn) -> Iterator[threading.Event]:
    """Set when the registry was asked for something it does not answer before the test is over."""
    asked, over = threading.Event(), threading.Event()

    def answer(_: Asked) -> Reply:
        asked.set()
        over.wait(30)
        return Reply(503)

    registry.answer = answer
    yield asked
    over.set()


def test_who_ends_in_the_midst_of_an_answer_complains_of_nobody(
    registry: StandIn, asked: threading.Event, ended: Callable[[], bool], caplog: pytest.LogCaptureFixture
) -> None:
    client = cuebook.Client(registry.url, KEY, wait=0)
    assert client.get("greeting", fallback="Hello").source == "fallback"
    assert asked.wait(30)
    caplog.clear()
    client._finalizer()  # as the interpreter does where a program ends
    until(ended)
    assert caplog.messages == []


def test_who_refreshes_while_somebody_closes_hears_that(registry: StandIn, asked: threading.Event) -> None:
    client = cuebook.Client(registry.url, KEY, timeout_s=30)
    with ThreadPoolExecutor(1) as thread:
        refreshing = thread.submit(client.refresh)
        assert asked.wait(30)
        client.close()
        with pytest.raises(cuebook.Unavailable, match="The client is closed"):
            refreshing.result(30)


def test_a_closed_client_of_asyncio_says_so_too(registry: StandIn) -> None:
    async def read() -> None:
        client = cuebook.AsyncClient(registry.url, KEY)
        await client.get("greeting")
        await client.close()
        for use in (client.fetch("greeting"), client.refresh()):
            with pytest.raises(cuebook.Unavailable, match="The client is closed"):
                await use

    asyncio.run(read())


def test_a_client_that_another_loop_still_runs_says_so(registry: StandIn) -> None:
    async def use(client: cuebook.AsyncClient) -> None:
        assert (await client.get("greeting")).version == 1
        for use in (client.refresh(), client.fetch("greeting"), client.wait_for_revision(9), client.close()):
            with pytest.raises(cuebook.Misconfigured, match="another event loop"):
                await use

    with asyncio.Runner() as first, asyncio.Runner() as second:
        client = cuebook.AsyncClient(registry.url, KEY, refresh_s=1000)
        first.run(client.refresh())
        second.run(use(client))
        first.run(client.close())


def test_threads_may_make_clients_at_the_same_moment(impatient: None) -> None:
    def make(_: int) -> list[cuebook.Client]:
        return [cuebook.Client("http://127.0.0.1:9", KEY) for _ in range(20)]

    with ThreadPoolExecutor(8) as threads:
        assert sum(len(made) for made in threads.map(make, range(8))) == 160


def test_one_thread_may_close_while_others_connect(registry: StandIn, impatient: None) -> None:
    def ask(transport: Transport) -> None:
        while True:
            transport.send(Request("GET", "/v1/snapshot"))

    with ThreadPoolExecutor(4) as threads:
        for _ in range(10):
            transport = Transport(registry.url, KEY, timeout_s=5)
            asking = [threads.submit(ask, transport) for _ in range(4)]
            until(lambda: len(registry.asked) > 4)
            transport.close()
            assert all(isinstance(each.exception(30), cuebook.Unavailable) for each in asking)
            registry.asked.clear()


def test_a_process_that_may_start_no_thread_is_served_from_its_disk(
    registry: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    synced(registry, tmp_path)
    with cuebook.Client(registry.url, KEY, disk=tmp_path, refresh_s=1000) as client:
        with monkeypatch.context() as full:
            full.setattr(threading.Thread, "start", start)
            assert client.get("greeting").source == "disk"
        assert "nothing is refreshed yet" in caplog.text
        client.get("greeting")
        until(lambda: client.get("greeting").source == "network")
