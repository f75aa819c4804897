"""What every test may ask for: a database of its own on either engine, and a real server."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from math import inf
from pathlib import Path

import pytest
from hypothesis import settings

from tests.faults.report import Report, asked_for
from tests.support import databases, settled
from tests.support.server import Server, start_server
from tests.support.settled import Settled

PROCESSES = {"browser", "server", "start_server"}
# A shared machine is slow at times, and a slow example is no wrong one: no deadline.
settings.register_profile("dev", deadline=None, max_examples=50)
settings.register_profile("ci", deadline=None, max_examples=100, print_blob=True, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

_RUN_FOLDER = pytest.StashKey[Path]()


# No test, and nothing a test starts, writes into the state directory of whoever runs the tests.
os.environ["CUEBOOK_DISK"] = "off"


def pytest_configure(config: pytest.Config) -> None:
    """The process that people started makes the run's folder; xdist's workers inherit its name."""
    if not hasattr(config, "workerinput"):
        config.stash[_RUN_FOLDER] = databases.begin_run()
    config.pluginmanager.register(Report(config))


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Files that take long go first, then those with many tests: the last ones are short, and the workers end together."""
    for item in items:
        if not PROCESSES.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker("process")
    yield  # who chooses by markers does so here
    count = Counter(item.path for item in items)
    long = {item.path for item in items if _takes_long(item)}
    items.sort(key=lambda item: -inf if item.path in long else -count[item.path])


def _takes_long(item: pytest.Item) -> bool:
    """Whether a server or a browser starts for it, or it says so."""
    return any(item.get_closest_marker(name) is not None for name in ("slow", "process"))


def pytest_unconfigure(config: pytest.Config) -> None:
    """It also clears up, when every worker has ended."""
    if folder := config.stash.get(_RUN_FOLDER, None):
        databases.end_run(folder)


@pytest.fixture
def sqlite_url() -> Iterator[str]:
    """The address of a migrated SQLite database of this test's own."""
    with databases.sqlite_database() as url:
        yield url


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """The address of a migrated PostgreSQL database of this test's own."""
    with databases.postgres_database() as url:
        yield url


@pytest.fixture
def empty_postgres_url() -> Iterator[str]:
    """The address of a PostgreSQL database with nothing in it."""
    with databases.postgres_database("template0") as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a migrated database: the test runs once on SQLite and once on PostgreSQL."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def settled_sqlite() -> Iterator[Settled]:
    """As `sqlite_url`, with everybody in it."""
    with settled.on_sqlite() as found:
        yield found


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def settled_database(request: pytest.FixtureRequest) -> Iterator[Settled]:
    """As `database_url`, with everybody in it: the test runs once on SQLite and once on PostgreSQL."""
    with settled.on_sqlite() if request.param == "sqlite" else settled.on_postgres() as found:
        yield found


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real server with the sample project, on SQLite, shared by the tests of a worker: make prompts of your own in it."""
    running = start_server(tmp_path_factory.mktemp("server"))
    yield running
    running.stop()


@pytest.fixture(name="start_server")
def _start_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """A function that starts servers, as ``tests.support.server.start_server`` does; they end with the test."""
    with ExitStack() as stack:

        def start(data: Path = tmp_path / "data", *arguments: str, **options: object) -> Server:
            running = start_server(data, *arguments, **options)  # type: ignore[arg-type]  # handed on as they came
            stack.callback(running.stop)  # also where another one ends badly
            return running

        yield start


@pytest.fixture
def seen(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """A function that takes what a test of a fault met or measured; `make faults` shows it beside what was expected."""
    return lambda words: request.node.user_properties.append(("seen", words))


@pytest.fixture(scope="session")
def thorough(pytestconfig: pytest.Config) -> bool:
    """Whether this is `make faults`, where a test tries more often than among all the others."""
    return asked_for(pytestconfig)
