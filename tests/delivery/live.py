"""A node behind a real uvicorn in a thread of this process, with sockets of its own."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

import uvicorn

from cuebook_server.delivery.protocol import DeliveryProtocol
from tests.delivery.client import Shop


@contextlib.contextmanager
def serving(shop: Shop, *, quick: bool = True, access_log: bool = False) -> Iterator[int]:
    """The port of a server that answers for the shop; with ``quick`` off it knows plain ASGI only."""
    config = uvicorn.Config(
        shop.node.app,
        host="127.0.0.1",
        port=0,
        http=DeliveryProtocol if quick else "httptools",
        loop="uvloop",
        lifespan="off",
        proxy_headers=False,
        ws="none",
        access_log=access_log,
        log_level="info" if access_log else "warning",
        log_config=None,
    )
    server = uvicorn.Server(config)
    socket = config.bind_socket()
    thread = threading.Thread(target=server.run, args=([socket],), name="uvicorn", daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + 20
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.started
        yield int(socket.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(20)
        socket.close()
        assert not thread.is_alive()
