"""`Client` and `AsyncClient`: thin shells around the pure `cuebook.engine`.

Both keep everything the key's environment serves in memory and hear of changes in the background, so that a read needs no
network, no lock and no clock. Only a client's very first read may wait, where neither disk nor bundle had anything.
"""

from __future__ import annotations

import logging
import os
import time
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cuebook import _fork
from cuebook._callbacks import Callback, Callbacks
from cuebook._exchange import Answer, Request
from cuebook._files import Disk, Readable, disk_folder, read_bundle, why_not
from cuebook._held import Held, Limits, OnMaxStale, Require, State
from cuebook._record import KeyName
from cuebook._sessions import AsyncSession, Session
from cuebook._tasks import AsyncDriver
from cuebook._threads import Driver
from cuebook._transport import ANSWER_BYTES_MAX, AsyncTransport, Transport, base_urls, bearer, setting, tls
from cuebook._verify import Verifier, root_keys
from cuebook.delivery import NOTHING, Fallback, prompt_request, read_prompt
from cuebook.engine import Engine
from cuebook.errors import BadAnswer, CuebookError, Misconfigured, Recalled
from cuebook.prompt import Call, Prompt
from cuebook.signing import STATEMENT_HEADER

# The children of a fork begin at about the same moment, and must not ask at the same one. Who starts from a file serves first:
# while a thread connects, the first read would wait for the interpreter.
SPREAD_S_HOLDING, SPREAD_S_EMPTY, SPREAD_S_FILE = 5.0, 0.25, 0.05
# More than some systems take for a time-out, and surely a mistake.
SECONDS_MAX = 30 * 86400
_log = logging.getLogger("cuebook")


class _Base:
    """Settings, and what both shells can say at once."""

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        environment: str | None = None,
        project: str | None = None,
        root_key: str | None = None,
        trust_file: str | os.PathLike[str] | None = None,
        bundle: str | Path | Readable | None = None,
        disk: str | os.PathLike[str] | bool | None = None,
        events: bool = True,
        refresh_s: float = 5.0,
        timeout_s: float = 2.0,
        wait: float | None = None,
        require: Require = "any",
        max_stale: float | None = None,
        on_max_stale: OnMaxStale = "serve",
        on_change: Callback | None = None,
        on_state: Callback | None = None,
        answer_bytes_max: int = ANSWER_BYTES_MAX,
    ) -> None:
        _check(refresh_s=refresh_s, timeout_s=timeout_s, max_stale=max_stale, wait=wait)
        _check_choice("require", require, ("any", "fresh"))
        _check_choice("on_max_stale", on_max_stale, ("serve", "fallback", "raise"))
        if max_stale is None and on_max_stale != "serve":
            raise Misconfigured("on_max_stale says what to do after max_stale seconds, and max_stale is not given.")
        urls = base_urls(setting("CUEBOOK_URL", url, required="the address of the registry"))
        self._key = bearer(setting("CUEBOOK_KEY", key, required="the delivery key, which decides the environment"))
        self._line: dict[str, Any] = {"token": self._key, "timeout_s": timeout_s, "bytes_max": answer_bytes_max}
        # Made here and once: the child of a fork that caught another thread at it would wait for OpenSSL's locks for ever.
        self._line["secure"] = tls(urls)
        # A tenth of it is left for what comes before and after: an application starts within ``timeout_s`` whatever happens.
        self._wait_s = 0.9 * timeout_s if wait is None else wait
        name = KeyName.of(self._key)
        engine = Engine(
            environment=environment,
            refresh_s=refresh_s,
            origins=len(urls),
            events=events,
            stale_after_s=max_stale,
            agent=_agent(),
            verifier=_verifier(root_key, trust_file, project, name),
        )
        self._held = Held(urls, engine, Limits(require, max_stale, on_max_stale))
        self._callbacks = Callbacks(self._held, on_change, on_state)
        self._disk = _disk(disk, ",".join(urls), name, environment, engine.verifier)
        self._load(bundle)
        self._spread_s = 0.0 if engine.snapshot is NOTHING else SPREAD_S_FILE
        self._open()
        self._tell_of_twins()
        _fork.watch(self)

    def _tell_of_twins(self) -> None:
        if any(isinstance(other, _Base) and self._is_like(other) for other in _fork.watched()):
            name = KeyName.of(self._key).selector
            _log.warning(
                "this process has another client for the key %s: each holds all prompts and a stream of its own; share one",
                name,
            )

    def _is_like(self, other: _Base) -> bool:
        same = (self._key, self._held.urls) == (other._key, other._held.urls)
        return same and other.state.phase != "closed"

    def _open(self) -> None:
        """Make ready for the network; nothing is sent before the first use."""

    def __repr__(self) -> str:
        urls = ",".join(self._held.urls)
        return f"{type(self).__name__}({urls!r}, environment={self.environment!r}, revision={self.revision!r})"

    @property
    def environment(self) -> str | None:
        """The environment of what is held, ``None`` before the first answer."""
        return self._held.engine.snapshot.environment or None

    @property
    def revision(self) -> int | None:
        """The revision of what is held, ``None`` before the first answer."""
        return self._held.state().revision

    @property
    def state(self) -> State:
        """How this client is doing: phase, age, last error, fallbacks used."""
        return self._held.state()

    def _after_fork(self) -> None:
        """In the child: keep what is held, leave everything else to the parent."""
        self._held.renew()
        self._held.engine.agent = _agent()
        self._callbacks = self._callbacks.renewed()
        self._spread_s = SPREAD_S_EMPTY if self._held.engine.snapshot is NOTHING else SPREAD_S_HOLDING

    def _lacks(self, answer: Answer) -> bool:
        """Whether the snapshot must be looked at first: an answer without a signature of its own is what is served now."""
        if not self._held.engine.verifier.demands or answer.status != 200:
            return False
        return STATEMENT_HEADER not in answer.headers or self._held.engine.snapshot is NOTHING

    def _read(self, name: str, version: str, answer: Answer) -> Prompt:
        """The prompt that `fetch` was answered with; where signatures are demanded, only what one vouches for."""
        engine, held, demands = self._held.engine, self._held.engine.snapshot, self._held.engine.verifier.demands
        prompt = read_prompt(answer, time.monotonic(), environment=engine.environment)
        other = demands and prompt.name not in (name, held.aliases.get(name))
        if other or (version.isdecimal() and prompt.version != int(version)):
            raise BadAnswer(f"The answer is {prompt.name} version {prompt.version}, and that was not asked for.")
        if not demands:
            return prompt
        served = held.prompts.get(prompt.name)
        if served is not None and served.version == prompt.version:  # signed, with the snapshot
            return served
        return engine.verifier.check_version(answer, prompt, held, newest=version == "latest")

    def _load(self, bundle: str | Path | Readable | None) -> None:
        """Hold the newer of disk copy and bundle. What is wrong with one is said, and never stops the application."""
        engine, tried, key = self._held.engine, self._held.tried, KeyName.of(self._key)
        now, wall = time.monotonic(), time.time()
        tried["Disk"] = "off." if self._disk is None else f"nothing at {self._disk.path}."
        if self._disk is not None:
            try:
                engine.load(self._disk.load(now, wall))
            except FileNotFoundError:
                pass
            except (CuebookError, OSError) as error:
                tried["Disk"] = f"{self._disk.path} is not used ({why_not(error)})."
                self._disk.complain(f"is not used ({why_not(error)})")
        source = bundle if bundle is not None else setting("CUEBOOK_BUNDLE") or None
        tried["Bundle"] = "none given."
        if source is not None:
            try:
                engine.load(read_bundle(source, key, engine.environment, engine.verifier, now=now, wall=wall))
            except (CuebookError, OSError) as error:
                tried["Bundle"] = f"{source} is not used ({why_not(error)})."
                _log.error("the bundle %s is not used: %s", source, why_not(error))


class Client(_Base):
    """Reads prompts from memory, kept fresh by daemon threads that start at the first use. May be shared by threads and forked.

    ``url`` (several with commas: the next is asked where one fails) and ``key`` come from ``CUEBOOK_URL`` and ``CUEBOOK_KEY``,
    or from files named by these with ``_FILE``. ``environment`` is an assertion: a key of another environment is refused with
    `EnvironmentMismatch`. ``bundle`` (or ``CUEBOOK_BUNDLE``) is a file made by `cuebook freeze`, ``disk`` (or ``CUEBOOK_DISK``)
    the folder of the last known good, ``False`` (or ``off``) for none; by default it is the user's state directory. The newer
    of both serves at once. ``events``: hear of changes by a stream; else by asking every ``refresh_s`` seconds.

    ``root_key`` (or ``CUEBOOK_ROOT_KEY``; several with commas) is the public key of the root that certifies what the registry
    signs with: whatever is not signed for this key's environment, or is older than a day, is not used. ``trust_file`` (or
    ``CUEBOOK_TRUST_FILE``) trusts the root met first, and keeps it there. ``project`` is an assertion as well.
    Needs the extra ``[verify]``; `State.verified` says whether signatures are checked.

    The first read waits at most ``wait`` seconds (nine tenths of ``timeout_s``, which bounds each network step) for something
    to serve: for ``require="fresh"`` that is only what the registry confirmed to this process. What is older than ``max_stale``
    seconds is served, with the state saying so, or counts as not there (``on_max_stale="fallback"``), or raises ``"raise"``.
    ``on_change`` and ``on_state`` get a `State`, on a thread of their own. Raises `Misconfigured`.
    """

    def _open(self) -> None:
        self._driver = Driver(
            self._held,
            self._connect,
            wait_s=self._wait_s,
            spread_s=self._spread_s,
            disk=self._disk,
            callbacks=self._callbacks,
        )
        # The threads know the driver, not the client: a client nobody holds any more is collected, and its threads end.
        self._finalizer = weakref.finalize(self, self._driver.stop)

    @property
    def _connect(self) -> Callable[[str], Transport]:
        return partial(Transport, **self._line)

    def get(self, name: str, *, fallback: Fallback | None = None) -> Prompt:
        """The prompt as the key's environment serves it.

        ``fallback`` serves whenever that cannot be had: a template text, messages, a served prompt, or a function that gives
        one. Without it raises `NotReleasedHere`, `Retired`, `Unauthenticated`, `PromptUnavailable`.
        """
        prompt = self._held.live.get(name)
        return prompt if prompt is not None else self._find(name, fallback)

    def get_many(self, names: Iterable[str], *, fallbacks: Mapping[str, Fallback] | None = None) -> dict[str, Prompt]:
        """Several prompts of one revision, by the names you gave; ``fallbacks`` by name."""
        wanted = list(names)
        self._wait(wanted)
        return self._held.find_many(wanted, fallbacks)

    def render(self, name: str, values: Mapping[str, Any] | None = None, /, **variables: Any) -> Call:
        """``get(name).render(values, **variables)``."""
        return self.get(name).render(values, **variables)

    def session(self, id: str) -> Session:  # noqa: A002 - the word people use
        """Prompts that stay the same for as long as one conversation lasts, whatever is released meanwhile."""
        return Session(id, self._pinned)

    def names(self) -> list[str]:
        """The names the environment serves, sorted."""
        self._wait()
        return self._held.names()

    def refresh(self, *, min_revision: int | None = None) -> bool:
        """Ask the registry now; whether there was a newer revision. Raises what went wrong; what is held stays.

        ``min_revision`` (as a release returned it) makes sure the answer is not older than that: else `NotYet`.
        """
        return self._driver.refresh(min_revision)

    def wait_for_revision(self, revision: int, timeout_s: float = 10.0) -> bool:
        """Wait until this revision, or a later one, is held; whether it is."""
        return self._driver.wait_for(revision, timeout_s)

    def fetch(self, name: str, *, version: int | str = "stable", subject: str | None = None) -> Prompt:
        """Ask the registry for one prompt, past the memory: a pinned number, ``latest``, or the exact refusal.

        A version that was recalled raises `Recalled`, and is not served from the memory any more either. Where
        signatures are demanded `NotVerified` is raised for what none vouches for, and only a signed snapshot takes from memory.
        """
        wanted = str(version)
        request = prompt_request(name, version=wanted, subject=subject, environment=self._held.engine.environment)
        answer = self._send(request)
        if self._lacks(answer):
            self.refresh()
        try:
            return self._read(name, wanted, answer)
        except Recalled:
            if wanted.isdecimal():
                self._driver.recalled(name, int(wanted))
                with suppress(CuebookError):  # remembered and logged by the engine
                    self.refresh()
            raise

    def close(self) -> None:
        """End the refreshing and give the connections back. What is held can still be read."""
        self._driver.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _after_fork(self) -> None:
        parents, closed = self._driver, self._driver.stopped
        self._finalizer.detach()  # it would cut the parent's stream
        parents.abandon()
        super()._after_fork()
        self._open()
        if closed:
            self._driver.stop()

    def _find(self, name: str, fallback: Fallback | None) -> Prompt:
        self._wait((name,))
        return self._held.find(name, fallback)

    def _pinned(self, session: str, name: str, fallback: Fallback | None) -> Prompt:
        self._wait((name,))
        return self._held.find_pinned(session, name, fallback)

    def _wait(self, names: Sequence[str] = ()) -> None:
        self._driver.wait(names)

    def _send(self, request: Request) -> Answer:
        return self._driver.send(request)


class AsyncClient(_Base):
    """`Client` for asyncio: the same surface, awaited. The refreshing is a task on the loop of the first use.

    After that loop was closed, the next use starts anew on the running one; loops beside each other need a client each. The
    callbacks run on a thread, as `Client`'s do.
    """

    _driver: AsyncDriver | None = None

    async def get(self, name: str, *, fallback: Fallback | None = None) -> Prompt:
        """See `Client.get`."""
        prompt = self._held.live.get(name)
        if prompt is not None and self._driver is not None and not self._driver.loop.is_closed():
            return prompt
        await self._wait((name,))
        return self._held.find(name, fallback)

    async def get_many(self, names: Iterable[str], *, fallbacks: Mapping[str, Fallback] | None = None) -> dict[str, Prompt]:
        """See `Client.get_many`."""
        wanted = list(names)
        await self._wait(wanted)
        return self._held.find_many(wanted, fallbacks)

    async def render(self, name: str, values: Mapping[str, Any] | None = None, /, **variables: Any) -> Call:
        """See `Client.render`."""
        return (await self.get(name)).render(values, **variables)

    def session(self, id: str) -> AsyncSession:  # noqa: A002 - the word people use
        """See `Client.session`; not to be awaited."""
        return AsyncSession(id, self._pinned)

    async def names(self) -> list[str]:
        """See `Client.names`."""
        await self._wait()
        return self._held.names()

    async def refresh(self, *, min_revision: int | None = None) -> bool:
        """See `Client.refresh`."""
        return await self._running().refresh(min_revision)

    async def wait_for_revision(self, revision: int, timeout_s: float = 10.0) -> bool:
        """See `Client.wait_for_revision`."""
        return await self._running().wait_for(revision, timeout_s)

    async def fetch(self, name: str, *, version: int | str = "stable", subject: str | None = None) -> Prompt:
        """See `Client.fetch`."""
        wanted = str(version)
        request = prompt_request(name, version=wanted, subject=subject, environment=self._held.engine.environment)
        answer = await self._send(request)
        if self._lacks(answer):
            await self.refresh()
        try:
            return self._read(name, wanted, answer)
        except Recalled:
            if wanted.isdecimal():
                self._running().recalled(name, int(wanted))
                with suppress(CuebookError):  # remembered and logged by the engine
                    await self.refresh()
            raise

    async def close(self) -> None:
        """See `Client.close`."""
        if self._driver is not None:
            await self._driver.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _after_fork(self) -> None:
        if self._driver is not None:
            self._finalizer.detach()
            # Its tasks and sockets hang on the parent's event loop; were they collected here, that loop would be disturbed.
            _PARENTS.append(self._driver)
            self._driver = None
        super()._after_fork()

    async def _pinned(self, session: str, name: str, fallback: Fallback | None) -> Prompt:
        await self._wait((name,))
        return self._held.find_pinned(session, name, fallback)

    async def _wait(self, names: Sequence[str] = ()) -> None:
        await self._running().wait(names)

    async def _send(self, request: Request) -> Answer:
        return await self._running().send(request)

    def _running(self) -> AsyncDriver:
        if self._driver is None or self._driver.loop.is_closed():
            if self._driver is not None:
                self._held.renew()
            self._driver = AsyncDriver(
                self._held,
                partial(AsyncTransport, **self._line),
                wait_s=self._wait_s,
                spread_s=self._spread_s,
                disk=self._disk,
                callbacks=self._callbacks.renewed(),
            )
            self._finalizer = weakref.finalize(self, self._driver.stop)
        return self._driver


_PARENTS: list[AsyncDriver] = []


def _check(**seconds: float | None) -> None:
    for name, value in seconds.items():
        if value is None or (name == "wait" and value == 0):
            continue
        if not isinstance(value, (int, float)) or not 0 < value <= SECONDS_MAX:
            raise Misconfigured(f"{name} is a number of seconds, greater than 0 and at most {SECONDS_MAX} (30 days).")


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise Misconfigured(f"{name} is one of {', '.join(choices)}, not {value!r}.")


def _verifier(root_key: str | None, trust_file: str | os.PathLike[str] | None, project: str | None, name: KeyName) -> Verifier:
    trust = setting("CUEBOOK_TRUST_FILE", None if trust_file is None else os.fspath(trust_file))
    roots = root_keys(setting("CUEBOOK_ROOT_KEY", root_key))
    return Verifier(roots, project=project or "", kind=name.kind, trust=Path(trust) if trust else None)


def _disk(
    given: str | os.PathLike[str] | bool | None, server: str, key: KeyName, environment: str | None, verifier: Verifier
) -> Disk | None:
    found = disk_folder(given)
    if found is None or not key.selector:  # without a selector two keys could share a file
        return None
    return Disk(*found, server=server, key=key, environment=environment, verifier=verifier)


def _agent() -> str:
    """Who asks: the SDK's version, and a name of this client in this process that means nothing elsewhere."""
    return f"python/{_version()} {os.urandom(6).hex()}"


@cache
def _version() -> str:
    try:
        return version("cuebook")
    except PackageNotFoundError:  # run from a folder that was never installed
        return "0"
