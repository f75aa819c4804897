"""Event streams through real caches and balancers: what a node tells arrives at once, and only where it belongs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

import cuebook
from cuebook_server.delivery.limits import Limits
from cuebook_server.delivery.streams import Streams
from tests.delivery.client import TRIAGE, Shop, make_shop
from tests.delivery.live import serving
from tests.delivery.proxies import DISOBEDIENT, NGINX_SETTINGS, VARNISH_SETTINGS, balanced, front

HEARTBEAT_S = 2.0
BALANCER = "nginx that balances"


@pytest.fixture(scope="module", params=[BALANCER, *(n for n in [*NGINX_SETTINGS, *VARNISH_SETTINGS] if n not in DISOBEDIENT)])
def through(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shop, str]]:
    """A node, and its address behind the named proxy."""
    shop, folder = make_shop(), tmp_path_factory.mktemp("front")
    # Varnish finds out that a client has left when it has something to write to it: soon, for the test's sake.
    shop.node.app.streams = Streams(shop.node.board, Limits(), heartbeat_s=HEARTBEAT_S)
    with ExitStack() as stack:
        node = stack.enter_context(serving(shop))
        made = balanced([node], folder) if request.param == BALANCER else front(str(request.param), node, folder)
        yield shop, f"http://127.0.0.1:{stack.enter_context(made)}"


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def client(through: tuple[Shop, str], environment: str) -> cuebook.Client:
    """A client that asks by itself once in a blue moon: what it has heard of came by the stream."""
    return cuebook.Client(through[1], through[0].keys[environment], refresh_s=1_000, disk=False)


def number(reader: cuebook.Client) -> int | None:
    return reader.get(TRIAGE).version


def test_a_release_arrives_through_a_proxy_and_at_its_own_key_only(through: tuple[Shop, str]) -> None:
    shop = through[0]
    with client(through, "staging") as one, client(through, "staging") as two, client(through, "production") as other:
        for reader in (one, two, other):
            number(reader)
            until(lambda reader=reader: reader.state.streaming)  # type: ignore[misc]  # the default binds this reader
        before = other.revision
        for version in (1, 3):
            shop.release("staging", TRIAGE, version)
            until(lambda version=version: number(one) == number(two) == version)  # type: ignore[misc]  # as above
        assert (other.revision, other.environment) == (before, "production")


def test_a_key_that_is_refused_gets_no_stream(through: tuple[Shop, str]) -> None:
    with cuebook.Client(through[1], through[0].prd[:-1], disk=False) as stranger:
        with pytest.raises(cuebook.Unauthenticated):
            stranger.get(TRIAGE)
        assert not stranger.state.streaming


def test_a_client_that_leaves_ends_its_stream_on_the_node(through: tuple[Shop, str]) -> None:
    streams = through[0].node.app.streams
    with client(through, "staging") as reader:
        number(reader)
        until(lambda: reader.state.streaming)
        assert len(streams) >= 1
    until(lambda: len(streams) == 0)
