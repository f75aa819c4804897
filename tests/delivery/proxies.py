"""Real caches in front of a node: nginx and Varnish as processes of their own, in folders of their own."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.server import free_port

NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  proxy_cache_path {folder}/cache keys_zone=kept:1m;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://127.0.0.1:{origin}; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_cache kept; add_header X-Cache $upstream_cache_status always; {more}
    }}
  }}
}}
"""
BALANCER = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream nodes {{ {nodes} keepalive 16; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://nodes; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}
}}
"""
VARNISH = """
vcl 4.1;
backend node {{ .host = "127.0.0.1"; .port = "{origin}"; }}
{more}
sub vcl_deliver {{ if (obj.hits > 0) {{ set resp.http.X-Cache = "HIT"; }} else {{ set resp.http.X-Cache = "MISS"; }} }}
"""
# As it comes, and in the ways people set it to "make the cache work".
NGINX_SETTINGS = {
    "nginx": "",
    "nginx that keeps 200s": "proxy_cache_valid 200 1m; proxy_cache_valid any 1m; proxy_cache_revalidate on;",
    "nginx that serves stale": "proxy_cache_valid 200 1s; proxy_cache_use_stale error timeout updating http_500 http_503; "
    "proxy_cache_background_update on; proxy_cache_lock on;",
    "nginx that hands tags on": "proxy_set_header If-None-Match $http_if_none_match;",
    "nginx that ignores Cache-Control": "proxy_cache_valid any 1m; proxy_ignore_headers Cache-Control Expires;",
}
# nginx takes `If-None-Match` out of what its cache may answer, and does not look at it itself where the answer is private.
ALWAYS_WHOLE = {"nginx", "nginx that keeps 200s", "nginx that serves stale"}
VARNISH_SETTINGS = {
    "varnish": "",
    "varnish that looks up requests with keys": "sub vcl_recv {{ return (hash); }}",
    "varnish that keeps everything": "sub vcl_recv {{ return (hash); }}\n"
    "sub vcl_backend_response {{ set beresp.ttl = 60s; set beresp.grace = 1h; return (deliver); }}",
}
# Told to keep what the node says belongs to nobody else: a release shows late there, but to its own key only.
DISOBEDIENT = {"nginx that ignores Cache-Control", "varnish that keeps everything"}


@contextmanager
def front(setting: str, origin: int, folder: Path) -> Iterator[int]:
    """The port of a cache in front of the node at ``origin``."""
    port = free_port()
    if setting in NGINX_SETTINGS:
        config = NGINX.format(folder=folder, port=port, origin=origin, more=NGINX_SETTINGS[setting])
        command = _nginx(folder)
    else:
        config = VARNISH.format(origin=origin, more=VARNISH_SETTINGS[setting].format())
        command = [_program("varnishd"), "-F", "-j", "none", "-a", f"127.0.0.1:{port}", "-f", str(folder / "config")]
        command += ["-n", str(folder / "work"), "-s", "malloc,16m", "-p", "thread_pool_min=5", "-p", "thread_pools=1"]
    with _running(command, config, port, folder):
        yield port


@contextmanager
def balanced(nodes: Iterable[int], folder: Path) -> Iterator[int]:
    """The port of an nginx that spreads requests over the nodes at these ports."""
    port = free_port()
    config = BALANCER.format(folder=folder, port=port, nodes=" ".join(f"server 127.0.0.1:{node};" for node in nodes))
    with _running(_nginx(folder), config, port, folder):
        yield port


def _nginx(folder: Path) -> list[str]:
    return [_program("nginx"), "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "config")]


@contextmanager
def _running(command: list[str], config: str, port: int, folder: Path) -> Iterator[None]:
    (folder / "config").write_text(config)
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    try:
        _wait(process, port, folder / "output")
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def _program(name: str) -> str:
    found = shutil.which(name) or shutil.which(f"/usr/sbin/{name}")
    if not found:
        pytest.skip(f"{name} is not installed (Debian packages nginx-light and varnish)")
    return found


def _wait(process: subprocess.Popen[bytes], port: int, output: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"{process.args!r} does not answer:\n{output.read_text(errors='replace')[-2000:]}")
