"""``cuebook serve``: everything in one command."""

from __future__ import annotations

import json
import os
import random
import resource
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import uvicorn
from uvicorn.supervisors import Multiprocess

from cuebook_server import settings as settings_module
from cuebook_server.adapters import sealing, signing
from cuebook_server.cli.sample import plant
from cuebook_server.delivery.protocol import DeliveryProtocol
from cuebook_server.domain.errors import CuebookError, SchemaTooNew, Unavailable
from cuebook_server.relay import roots
from cuebook_server.services import people
from cuebook_server.services.first_run import FirstRun, set_up
from cuebook_server.settings import Settings
from cuebook_server.store import holds
from cuebook_server.store.database import open_database
from cuebook_server.store.files import path_of
from cuebook_server.store.migrate import migrate
from cuebook_server.store.unit_of_work import SqlUnits
from cuebook_server.wiring import log_as

GRACE_S = 10
RETRY_S = 1.0


def serve(
    data: str | None = None,
    database: str | None = None,
    host: str | None = None,
    port: int | None = None,
    *,
    demo: bool = True,
    workers: int | None = None,
    relay_of: str | None = None,
    relay_key: str | None = None,
) -> int:
    """Migrate, fill an empty registry (with the sample prompts unless ``demo`` is false), and serve until told to stop.

    With ``relay_of`` and ``relay_key``: relay what another node serves.
    """
    try:
        given = {"data": data, "database": database, "host": host, "port": port, "workers": workers}
        settings = settings_module.read({**given, "relay_of": relay_of, "relay_key": relay_key})
        log_as(settings)
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        if settings.relay_of:
            with closing(holds.serve_in(settings.data)):
                return _run_relay(settings)
        # A full disk must not keep delivery from starting; what needs a key then says that it is missing.
        with suppress(OSError):
            if settings.audit_key is None:
                signing.ensure(settings.audit_key_path)
            if settings.signing_key is None:
                signing.ensure(settings.signing_key_path)
            if settings.seal_key is None:
                sealing.ensure(settings.seal_key_path)
        with _held(settings):
            return _run(settings, _Preparation(settings, demo=demo))
    except (CuebookError, OSError) as error:
        advice = f" {error.advice}" if isinstance(error, CuebookError) else ""
        sys.stderr.write(f"cuebook: {error}{advice}\n")
        return 1


@contextmanager
def _held(settings: Settings) -> Iterator[None]:
    """Keep others from replacing a SQLite file, and from serving in its folder. Nodes on PostgreSQL may share one."""
    path = path_of(settings.database_url)
    taken = [holds.share(path), *([holds.serve_in(settings.data)] if path else [])]
    try:
        yield
    finally:
        for hold in taken:
            hold.close()


class _Preparation:
    """Makes the database ready: at once, or, while it is away, again and again beside the server.

    What this machine last knew is served meanwhile. A database that answers but must not be used stops the start.
    """

    def __init__(self, settings: Settings, *, demo: bool) -> None:
        self._settings, self._demo = settings, demo
        self._away: Unavailable | None = None
        self.first: FirstRun | None = None
        self.link: str | None = None
        try:
            self.first, self.link = _prepare(settings, demo=demo)
        except SchemaTooNew:
            raise
        except Unavailable as error:
            self._away = error

    def go_on(self, url: str) -> None:
        """Say that the server runs at ``url``; where the database is away, prepare it when it is back."""
        _tell(self._settings, url, self.first, self.link)
        if self._away is not None:
            _say_away(self._away)
            threading.Thread(target=self._retry, args=(url,), name="cuebook-prepare", daemon=True).start()

    def _retry(self, url: str) -> None:
        said = ""
        while True:
            time.sleep(RETRY_S * random.uniform(0.8, 1.2))  # noqa: S311  # spreads the nodes, no secret
            try:
                self.first, self.link = _prepare(self._settings, demo=self._demo)
                break
            except Exception as error:  # noqa: BLE001 - whatever it is, the database may be better the next time
                if not isinstance(error, Unavailable) and str(error) != said:
                    sys.stderr.write(f"cuebook: The database cannot be used: {error}\n")
                    said = str(error)
        _tell(self._settings, url, self.first, self.link)


def _say_away(error: Unavailable) -> None:
    cause = str(getattr(error.__cause__, "orig", "")).strip().partition("\n")[0]
    sys.stderr.write(f"cuebook: {error} {cause}\ncuebook: This node serves what it last knew, if anything, and tries on.\n")


def _prepare(settings: Settings, *, demo: bool) -> tuple[FirstRun | None, str | None]:
    """The database made ready; what the first start leaves behind, and the secret of a link to the first account."""
    database = open_database(settings.database_url)
    try:
        migrate(database)
        units = SqlUnits(database)
        first = _first(units)
        if first and demo:
            plant(units, first.project)
        return first, _invite(units)
    finally:
        database.close()


def _first(units: SqlUnits) -> FirstRun | None:
    with units.read() as uow:
        if uow.projects.all():
            return None  # nothing is written, so a read-only database starts too
    with units.write() as uow:
        return set_up(uow)


def _invite(units: SqlUnits) -> str | None:
    try:
        with units.write() as uow:
            return people.first_link(uow)
    except Unavailable as error:  # such as a full disk, which must not keep delivery from starting
        sys.stderr.write(f"cuebook: There is no link to a first account: {error}\n")
        return None


def _run(settings: Settings, preparation: _Preparation) -> int:
    # Workers are processes of their own: they find the settings where every process does.
    os.environ["CUEBOOK_DATABASE"] = settings.database_url
    return _serve(settings, "cuebook_server.wiring:create", preparation.go_on)


def _run_relay(settings: Settings) -> int:
    roots(settings)  # a bad one stops the start
    os.environ.update({"CUEBOOK_RELAY_OF": settings.relay_of, "CUEBOOK_RELAY_KEY": settings.relay_key})
    return _serve(settings, "cuebook_server.relay:create", _tell_relay(settings))


def _tell_relay(settings: Settings) -> Callable[[str], None]:
    def tell(url: str) -> None:
        sys.stdout.write(f"Cuebook relays {settings.relay_of} at {url}\n")
        sys.stdout.flush()

    return tell


def _serve(settings: Settings, application: str, started: Callable[[str], None]) -> int:
    os.environ.update({"CUEBOOK_DATA": str(settings.data), "CUEBOOK_HOST": settings.host})
    config = uvicorn.Config(
        application,
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        http=DeliveryProtocol,
        ws="none",  # a connection that is given away to WebSocket is one nobody watches over
        log_level="warning",
        access_log=False,
        server_header=False,
        # Addresses decide who may use a key: a header anybody can send must not set them.
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    _allow_many_connections()
    try:
        socket = config.bind_socket()
    except SystemExit:  # it has said why
        sys.stderr.write(f"cuebook: Cannot listen at {settings.host}, port {settings.port}. Name another with `--port`.\n")
        return 1
    started(settings.url_at(socket.getsockname()[1]))
    if settings.workers > 1:
        Multiprocess(config, sockets=[socket]).run()
        return 0
    server = uvicorn.Server(config)
    server.run(sockets=[socket])
    return 0 if server.started else 1


def _allow_many_connections() -> None:
    """As many open files as the system lets us have; most shells begin with 1,024, and an event stream takes one each."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _tell(settings: Settings, url: str, first: FirstRun | None, link: str | None) -> None:
    """Write ``first-run.json`` (or its new address), and say where everything is."""
    path = settings.first_run_path
    if first is not None:
        _write(path, {"url": url, "project": first.project, "token": first.token, "keys": dict(first.keys)})
    elif path.exists():
        _renew(path, url)
    lines = [f"Cuebook serves at {url}"]
    if link:
        lines.append(f"Make the first account at {settings.public_url or url}/set-up#{link}")
    if path.exists():
        lines.append(f"Keys and the management token lie in {path}")
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _renew(path: Path, url: str) -> None:
    """Write the new address into the file. One that cannot be read or written keeps no server from serving."""
    try:
        _write(path, {**json.loads(path.read_text(encoding="utf-8")), "url": url})
    except (OSError, ValueError) as error:
        sys.stderr.write(f"cuebook: {path} is not brought up to date: {error}\n")


def _write(path: Path, content: dict[str, object]) -> None:
    """Replace the file in one step; nobody but its owner can read it at any time."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())  # after a power cut the new name would stand for an empty file
    draft.replace(path)
