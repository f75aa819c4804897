"""``python -m tests.faults.forward ADDRESS PORT SOCKET``: what arrives at the address goes on to a socket file of this machine.

A namespace has a network of its own and the same files: so a PostgreSQL that listens on a file only is reached over a cable.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await source.read(65_536):
            sink.write(piece)
            await sink.drain()
    sink.close()


async def _serve(address: str, port: int, path: str) -> None:
    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_unix_connection(path)
        await asyncio.gather(_pump(reader, up_writer), _pump(up_reader, writer))

    async with await asyncio.start_server(forward, address, port) as server:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
