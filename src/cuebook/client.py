"""`Client` and `AsyncClient`: thin shells around the pure core in `cuebook.delivery`.

Both keep everything the key's environment serves in memory and refresh it in the background, so that a read needs no network,
no lock and no clock. Only a client's very first read waits, for the first answer and at most ``timeout_s``.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
import weakref
from collections.abc import Iterable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from cuebook._exchange import Answer, Request
from cuebook._held import Held, State
from cuebook._transport import ANSWER_BYTES_MAX, AsyncTransport, Transport, base_url, bearer, setting
from cuebook.delivery import NOTHING, Fallback, prompt_request, read_prompt
from cuebook.errors import CuebookError, Misconfigured, Recalled, Unavailable
from cuebook.prompt import Call, Prompt

_log = logging.getLogger("cuebook")


class _Base:
    """Settings, and what both shells can say at once."""

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        environment: str | None = None,
        refresh_s: float = 5.0,
        timeout_s: float = 2.0,
        answer_bytes_max: int = ANSWER_BYTES_MAX,
    ) -> None:
        if refresh_s <= 0 or timeout_s <= 0:
            raise Misconfigured("refresh_s and timeout_s must be greater than 0.")
        self._url = base_url(setting("CUEBOOK_URL", url, required="the address of the registry"))
        self._key = bearer(setting("CUEBOOK_KEY", key, required="the delivery key, which decides the environment"))
        self._timeout_s, self._bytes_max = timeout_s, answer_bytes_max
        self._held = Held(self._url, environment=environment, refresh_s=refresh_s)
        self._open()

    def _open(self) -> None:
        """Make ready for the network; nothing is sent before the first use."""

    def _drop(self, name: str, version: int | str) -> bool:
        """Hold a recalled version no longer; whether it was held."""
        number = str(version)
        return number.isdecimal() and self._held.drop(name, int(number))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._held.url!r}, environment={self.environment!r}, revision={self.revision!r})"

    @property
    def environment(self) -> str | None:
        """The environment of what is held, ``None`` before the first answer."""
        return self._held.serving

    @property
    def revision(self) -> int | None:
        """The revision of what is held, ``None`` before the first answer."""
        return self._held.state().revision

    @property
    def state(self) -> State:
        """How this client is doing: phase, age, last error, fallbacks used."""
        return self._held.state()


class Client(_Base):
    """Reads prompts from memory, kept fresh by a daemon thread that starts at the first use. May be shared by threads.

    ``url`` and ``key`` come from ``CUEBOOK_URL`` and ``CUEBOOK_KEY``, or from files named by these with ``_FILE``.
    ``environment`` is an assertion: a key of another environment is refused with `EnvironmentMismatch`. ``refresh_s`` seconds
    lie between two refreshes, ``timeout_s`` bounds the first read's wait and each network step. Raises `Misconfigured`.
    """

    def _open(self) -> None:
        transport = Transport(self._url, self._key, timeout_s=self._timeout_s, bytes_max=self._bytes_max)
        self._poller = _Poller(self._held, transport, self._timeout_s)
        # The thread knows the poller, not the client: a client nobody holds any more is collected, and its thread ends.
        weakref.finalize(self, self._poller.stop)

    def get(self, name: str, *, fallback: Fallback | None = None) -> Prompt:
        """The prompt as the key's environment serves it.

        ``fallback`` serves whenever that cannot be had: a template text, messages, a served prompt, or a function that gives
        one. Without it raises `NotReleasedHere`, `Retired`, `Unauthenticated`, `PromptUnavailable`.
        """
        prompt = self._held.snapshot.prompts.get(name)
        return prompt if prompt is not None else self._find(name, fallback)

    def get_many(self, names: Iterable[str], *, fallbacks: Mapping[str, Fallback] | None = None) -> dict[str, Prompt]:
        """Several prompts of one revision, by the names you gave; ``fallbacks`` by name."""
        self._wait()
        return self._held.find_many(names, fallbacks)

    def render(self, name: str, values: Mapping[str, Any] | None = None, /, **variables: Any) -> Call:
        """``get(name).render(values, **variables)``."""
        return self.get(name).render(values, **variables)

    def names(self) -> list[str]:
        """The names the environment serves, sorted."""
        self._wait()
        return self._held.names()

    def refresh(self, *, min_revision: int | None = None) -> bool:
        """Ask the registry now; whether there was a newer revision. Raises what went wrong; what is held stays.

        ``min_revision`` (as a release returned it) makes sure the answer is not older than that: else `NotYet`.
        """
        return self._poller.refresh(min_revision)

    def fetch(self, name: str, *, version: int | str = "stable", subject: str | None = None) -> Prompt:
        """Ask the registry for one prompt, past the memory: a pinned number, ``latest``, or the exact refusal.

        A version that was recalled raises `Recalled`, and is not served from the memory any more either.
        """
        request = prompt_request(name, version=str(version), subject=subject, environment=self._held.environment)
        try:
            return read_prompt(self._send(request), time.monotonic(), environment=self._held.environment)
        except Recalled:
            if self._drop(name, version):
                with suppress(CuebookError):  # remembered and logged by `Held.fail`
                    self.refresh()
            raise

    def close(self) -> None:
        """End the refreshing and give the connections back. What is held can still be read."""
        self._poller.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _find(self, name: str, fallback: Fallback | None) -> Prompt:
        self._wait()
        return self._held.find(name, fallback)

    def _wait(self) -> None:
        self._poller.wait()

    def _send(self, request: Request) -> Answer:
        return self._poller.transport.send(request)


class _Poller:
    """The daemon thread that keeps a `Held` fresh."""

    def __init__(self, held: Held, transport: Transport, timeout_s: float) -> None:
        self.transport = transport
        self._held, self._timeout_s = held, timeout_s
        self._settled, self._stop = threading.Event(), threading.Event()
        self._starting, self._exchanging = threading.Lock(), threading.Lock()
        self._thread: threading.Thread | None = None
        self._deadline = 0.0

    def wait(self) -> None:
        """Start the thread at the first use, and wait for the first snapshot until ``timeout_s`` after that first use."""
        if self._settled.is_set():
            return
        self._start()
        remaining = self._deadline - time.monotonic()
        if remaining > 0:
            self._settled.wait(remaining)

    def refresh(self, min_revision: int | None) -> bool:
        if self._stop.is_set():
            raise Unavailable("The client is closed.", hint="Make a new one.")
        try:
            return self._exchange(min_revision)
        finally:
            self._start()

    def stop(self) -> None:
        self._stop.set()
        self._settled.set()

    def close(self) -> None:
        self.stop()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(self._timeout_s)
        self.transport.close()

    def _start(self) -> None:
        with self._starting:
            if self._thread is None and not self._stop.is_set():
                self._deadline = time.monotonic() + self._timeout_s
                self._thread = threading.Thread(target=self._run, name="cuebook-refresh", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        try:
            if self._held.snapshot is NOTHING:
                self._try()
            while not self._stop.wait(self._held.pause()):
                self._try()
        finally:
            self.transport.close()

    def _try(self) -> None:
        try:
            self._exchange()
        except CuebookError:
            pass  # remembered and logged by `Held.fail`
        except Exception as error:  # noqa: BLE001 - a thread that died here would leave the application stale for ever, and silent
            if not self._stop.is_set():
                _log.exception("refreshing failed in an unexpected way; it goes on")
                self._held.fail(Unavailable(f"An unexpected error: {type(error).__name__}."))

    def _exchange(self, min_revision: int | None = None) -> bool:
        with self._exchanging:
            try:
                answer = self.transport.send(self._held.request(min_revision))
            except CuebookError as error:
                self._held.fail(error)
                raise
            try:
                return self._held.take(answer)
            finally:
                if self._held.settled:
                    self._settled.set()


class AsyncClient(_Base):
    """`Client` for asyncio: the same surface, awaited. The refreshing is a task on the loop of the first use.

    After that loop was closed, the next use starts anew on the running one.
    """

    _poller: _AsyncPoller | None = None

    async def get(self, name: str, *, fallback: Fallback | None = None) -> Prompt:
        """See `Client.get`."""
        prompt = self._held.snapshot.prompts.get(name)
        if prompt is not None and self._poller is not None and not self._poller.loop.is_closed():
            return prompt
        await self._wait()
        return self._held.find(name, fallback)

    async def get_many(self, names: Iterable[str], *, fallbacks: Mapping[str, Fallback] | None = None) -> dict[str, Prompt]:
        """See `Client.get_many`."""
        await self._wait()
        return self._held.find_many(names, fallbacks)

    async def render(self, name: str, values: Mapping[str, Any] | None = None, /, **variables: Any) -> Call:
        """See `Client.render`."""
        return (await self.get(name)).render(values, **variables)

    async def names(self) -> list[str]:
        """See `Client.names`."""
        await self._wait()
        return self._held.names()

    async def refresh(self, *, min_revision: int | None = None) -> bool:
        """See `Client.refresh`."""
        return await self._running().refresh(min_revision)

    async def fetch(self, name: str, *, version: int | str = "stable", subject: str | None = None) -> Prompt:
        """See `Client.fetch`."""
        request = prompt_request(name, version=str(version), subject=subject, environment=self._held.environment)
        try:
            return read_prompt(await self._send(request), time.monotonic(), environment=self._held.environment)
        except Recalled:
            if self._drop(name, version):
                with suppress(CuebookError):  # remembered and logged by `Held.fail`
                    await self.refresh()
            raise

    async def close(self) -> None:
        """See `Client.close`."""
        if self._poller is not None:
            await self._poller.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _wait(self) -> None:
        await self._running().wait()

    async def _send(self, request: Request) -> Answer:
        return await self._running().transport.send(request)

    def _running(self) -> _AsyncPoller:
        if self._poller is None or self._poller.loop.is_closed():
            transport = AsyncTransport(self._url, self._key, timeout_s=self._timeout_s, bytes_max=self._bytes_max)
            self._poller = _AsyncPoller(self._held, transport, self._timeout_s)
            weakref.finalize(self, self._poller.stop)
        return self._poller


class _AsyncPoller:
    """The task that keeps a `Held` fresh; belongs to one loop."""

    def __init__(self, held: Held, transport: AsyncTransport, timeout_s: float) -> None:
        self.transport, self.loop = transport, asyncio.get_running_loop()
        self._held, self._timeout_s = held, timeout_s
        self._settled, self._exchanging = asyncio.Event(), asyncio.Lock()
        self._deadline = time.monotonic() + timeout_s
        self._closed = False
        # Without this reference the loop's weak one lets the task be collected, and the client goes stale in silence.
        self._task = self.loop.create_task(self._run(), name="cuebook-refresh")

    async def wait(self) -> None:
        """Wait for the first snapshot until ``timeout_s`` after the first use."""
        remaining = self._deadline - time.monotonic()
        if self._settled.is_set() or remaining <= 0:
            return
        try:
            await asyncio.wait_for(self._settled.wait(), remaining)
        except TimeoutError:
            return

    async def refresh(self, min_revision: int | None) -> bool:
        if self._closed:
            raise Unavailable("The client is closed.", hint="Make a new one.")
        return await self._exchange(min_revision)

    def stop(self) -> None:
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._task.cancel)

    async def close(self) -> None:
        self._closed = True
        self._settled.set()
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        try:
            while True:
                await self._try()
                await asyncio.sleep(self._held.pause())
        finally:
            await self.transport.close()

    async def _try(self) -> None:
        try:
            await self._exchange()
        except CuebookError:
            pass  # remembered and logged by `Held.fail`
        except Exception as error:  # noqa: BLE001 - a task that died here would leave the application stale for ever, and silent
            _log.exception("refreshing failed in an unexpected way; it goes on")
            self._held.fail(Unavailable(f"An unexpected error: {type(error).__name__}."))

    async def _exchange(self, min_revision: int | None = None) -> bool:
        async with self._exchanging:
            try:
                answer = await self.transport.send(self._held.request(min_revision))
            except CuebookError as error:
                self._held.fail(error)
                raise
            try:
                return self._held.take(answer)
            finally:
                if self._held.settled:
                    self._settled.set()
