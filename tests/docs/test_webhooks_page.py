"""The receiver of the guide takes what the server signs, once, and nothing else."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import HTTPServer
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from cuebook_server.adapters.webhooks import HttpSender
from cuebook_server.domain import webhook
from cuebook_server.domain.reach import Reach

PAGE = Path(__file__).parents[2] / "docs/howto/webhooks.md"
SECRET = webhook.new_secret(bytes(32))
BODY = b'{"type":"release.applied","data":{"environment":"production"}}'


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The page's receiver at an address of its own."""
    monkeypatch.setenv("WEBHOOK_SECRET", SECRET)
    names: dict[str, Any] = {}
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    exec(code, names)
    monkeypatch.setattr(names["Receiver"], "log_message", lambda *_: None)
    with HTTPServer(("127.0.0.1", 0), names["Receiver"]) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join(10)


def test_the_receiver_takes_a_message_once_and_a_forged_one_never(receiver: str, capsys: pytest.CaptureFixture[str]) -> None:
    sender = HttpSender(Reach((ip_network("127.0.0.0/8"),)))
    headers = webhook.headers("msg_w_1", BODY, [SECRET], datetime.now(UTC))
    assert [sender.post(receiver, headers, BODY).word for _ in range(2)] == ["204", "204"]
    assert sender.post(receiver, headers, BODY + b" ").word == "401"
    assert capsys.readouterr().out == "release.applied production\n"


def test_every_event_and_outcome_stands_in_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    source = (Path(__file__).parents[2] / "src/cuebook_server/adapters/webhooks.py").read_text(encoding="utf-8")
    outcomes = set(re.findall(r'"([a-z]+_[a-z]+)"', source)) - {"sni_hostname"}
    assert {"address_refused", "tls_failed"} <= outcomes
    assert [name for name in (*webhook.EVENTS, webhook.PING, *outcomes) if f"`{name}`" not in page] == []
