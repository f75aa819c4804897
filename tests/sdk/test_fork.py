"""Children of a fork: they serve what the parent held, refresh on their own, and leave the parent alone."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest

import cuebook
from tests.sdk.conftest import KEY
from tests.sdk.standin import StandIn, Streams, serving, whole
from tests.sdk.test_client import until
from tests.sdk.test_files import bundle
from tests.sdk.test_signatures import OURS, signed
from tests.sdk.test_streaming import event, listens
from tests.support.certificates import certified

pytestmark = [pytest.mark.fault("C-19"), pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")]
CHILD_S_MAX = 30


def in_child(do: Callable[[], object]) -> int:
    """Fork, do it in the child, and give its process id; the child's exit code is 0 when nothing was raised."""
    if child := os.fork():
        return child
    try:
        do()
    except BaseException:  # noqa: BLE001 - whatever it is, the child must not go on as a second test run
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def ended_well(child: int) -> None:
    deadline = time.monotonic() + CHILD_S_MAX
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            assert os.waitstatus_to_exitcode(status) == 0
            return
        if time.monotonic() > deadline:
            os.kill(child, 9)
            os.waitpid(child, 0)
            pytest.fail("the child hangs")
        time.sleep(0.01)


@contextmanager
def busy(client: cuebook.Client) -> Iterator[None]:
    """Threads that read and refresh meanwhile, so that a fork may catch any lock held."""
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            client.get("greeting")
            client.refresh()

    threads = [threading.Thread(target=read, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join(CHILD_S_MAX)


def read_and_close(client: cuebook.Client) -> None:
    client.get("greeting")
    client.close()


def test_a_child_serves_at_once_and_hears_of_changes_itself(registry: StandIn) -> None:
    with cuebook.Client(registry.url, KEY, refresh_s=0.05) as client:
        client.get("greeting")
        held = client._held.engine.snapshot

        def child() -> None:
            began = time.monotonic()
            assert client.get("greeting") is held.prompts["greeting"]
            assert time.monotonic() - began < 1
            until(lambda: client.get("greeting").version == 2, CHILD_S_MAX)

        forked = in_child(child)
        registry.answer = serving(whole(2))
        ended_well(forked)
        until(lambda: client.get("greeting").version == 2)


def test_the_parents_stream_outlives_its_children(registry: StandIn) -> None:
    registry.streams = Streams()
    registry.streams.greeting = event("hello", 1, heartbeat_s=15).encode()
    with cuebook.Client(registry.url, KEY, refresh_s=1000) as client:
        listens(client, registry)
        for _ in range(5):
            ended_well(in_child(lambda: None))
            ended_well(in_child(client.close))
            ended_well(in_child(lambda: read_and_close(client)))
        registry.answer = serving(whole(2))
        registry.streams.tell(event("head", 2))
        until(lambda: client.get("greeting").version == 2)
        assert client.state.streaming


def test_a_fork_while_threads_hold_every_lock(registry: StandIn, tmp_path: Path) -> None:
    with cuebook.Client(registry.url, KEY, refresh_s=0.01, disk=tmp_path) as client, busy(client):
        for _ in range(15):
            ended_well(in_child(lambda: (client.render("greeting", who="you"), client.refresh())))


def test_a_child_speaks_tls_over_a_line_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = certified("127.0.0.1", tmp_path / "both.pem")
    with StandIn(serving(whole(1)), certificate).running() as registry:
        with cuebook.Client(registry.url, KEY, disk=False) as stranger, pytest.raises(cuebook.Unavailable, match="CERTIFICATE"):
            stranger.refresh()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with cuebook.Client(registry.url, KEY, refresh_s=1000, disk=False) as client:
            client.refresh()
            registry.answer = serving(whole(2))
            for _ in range(3):
                ended_well(in_child(lambda: (client.refresh(), client.get("greeting").version == 2 or os._exit(2))))
            assert client.get("greeting").version == 1
            assert client.refresh()


LOADS = """
import sys, time
import cuebook
url, key, root, disk = sys.argv[1:]
client = cuebook.Client(url, key, root_key=root, disk=disk, refresh_s=1000)
before = set(sys.modules)
client.refresh()
client.render("greeting", who="you")
while not client.state.streaming:
    time.sleep(0.01)
client.close()
print(sorted(set(sys.modules) - before))
"""


def test_nothing_is_imported_once_a_client_is_made(registry: StandIn, tmp_path: Path) -> None:
    # An import another thread is at while the process forks is never over in the child.
    registry.answer = signed(whole(1))
    registry.streams = Streams()
    registry.streams.greeting = event("hello", 1, heartbeat_s=15).encode()
    command = [sys.executable, "-c", LOADS, registry.url, KEY, OURS.root, str(tmp_path)]
    assert subprocess.check_output(command, text=True, timeout=CHILD_S_MAX).strip() == "[]"


def test_a_child_that_never_reads_pays_nothing(client: cuebook.Client) -> None:
    client.get("greeting")

    def child() -> None:
        assert threading.active_count() == 1
        assert client.state.phase == "ready"

    ended_well(in_child(child))


def test_a_child_of_a_closed_client_can_read_too(client: cuebook.Client) -> None:
    client.get("greeting")
    client.close()

    def child() -> None:
        assert client.get("greeting").version == 1
        with pytest.raises(cuebook.Unavailable):
            client.refresh()

    ended_well(in_child(child))


def test_a_child_of_a_client_that_never_read(registry: StandIn) -> None:
    with cuebook.Client(registry.url, KEY) as client:
        ended_well(in_child(lambda: client.get("greeting")))
        assert client.get("greeting").version == 1


def test_a_child_of_asyncio_runs_a_loop_of_its_own(registry: StandIn) -> None:
    client = cuebook.AsyncClient(registry.url, KEY, refresh_s=0.05)

    async def read(version: int) -> None:
        async with asyncio.timeout(CHILD_S_MAX):
            while (await client.get("greeting")).version != version:  # noqa: ASYNC110 - what happens, happens on the server
                await asyncio.sleep(0.01)

    async def parent() -> None:
        await read(1)
        child = in_child(lambda: _fresh_loop(read(2)))
        registry.answer = serving(whole(2))
        await read(2)
        await asyncio.to_thread(ended_well, child)
        registry.answer = serving(whole(3))
        await read(3)
        await client.close()

    asyncio.run(parent())


def _fresh_loop(task: object) -> None:
    asyncio.events._set_running_loop(None)  # from Python 3.12 on the child does this by itself
    asyncio.new_event_loop().run_until_complete(task)  # type: ignore[arg-type]  # a coroutine


def _work(found: multiprocessing.SimpleQueue[str], url: str) -> None:
    with cuebook.Client(url, KEY, refresh_s=1000) as client:
        found.put(client.render("greeting", who="you").text)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(registry: StandIn, method: Literal["fork", "spawn", "forkserver"]) -> None:
    with cuebook.Client(registry.url, KEY) as client:
        client.get("greeting")
        context = multiprocessing.get_context(method)
        found: multiprocessing.SimpleQueue[str] = context.SimpleQueue()
        worker = context.Process(target=_work, args=(found, registry.url), daemon=True)  # type: ignore[attr-defined]  # typeshed names it for each kind of context
        worker.start()
        worker.join(CHILD_S_MAX)
        assert worker.exitcode == 0
        assert found.get() == "Hello you"


def test_a_child_starts_from_the_bundle_with_the_registry_down(tmp_path: Path) -> None:
    with cuebook.Client("http://127.0.0.1:9", KEY, bundle=bundle(tmp_path)) as client:
        ended_well(in_child(lambda: client.get("greeting")))
