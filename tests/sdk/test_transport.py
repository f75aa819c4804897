"""Settings and one exchange: what is refused before anything is sent, and what can never leak."""

from __future__ import annotations

import math
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import cuebook
from cuebook import _transport
from cuebook._exchange import Request, retry_after_s
from cuebook._transport import Transport
from tests.sdk.conftest import KEY
from tests.sdk.standin import Reply, StandIn, Streams, serving, whole
from tests.support.certificates import certified


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY + "\n")
    monkeypatch.setenv("CUEBOOK_URL", "https://cuebook.example.org/base/")
    monkeypatch.setenv("CUEBOOK_KEY_FILE", str(tmp_path / "key"))
    assert _transport.setting("CUEBOOK_KEY") == KEY
    assert _transport.setting("CUEBOOK_KEY", "given") == "given"
    assert "https://cuebook.example.org/base'" in repr(cuebook.Client())


@pytest.mark.parametrize("missing", ["CUEBOOK_URL", "CUEBOOK_KEY"])
def test_a_missing_setting_is_named(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    for name in ("CUEBOOK_URL", "CUEBOOK_KEY"):
        monkeypatch.setenv(name, "http://127.0.0.1")
    monkeypatch.delenv(missing)
    with pytest.raises(cuebook.Misconfigured, match=missing):
        cuebook.Client()


def test_a_file_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CUEBOOK_KEY_FILE", str(tmp_path / "absent"))
    with pytest.raises(cuebook.Misconfigured, match="CUEBOOK_KEY_FILE"):
        _transport.setting("CUEBOOK_KEY")


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8000",
        "ftp://host",
        "http://",
        "http://user:word@host",
        "http://h:99999",
        "http://[",
        "http://h?q",
        "http://a..b",
    ],
)
def test_an_address_that_is_none_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(cuebook.Misconfigured) as refused:
        cuebook.Client(url, KEY)
    assert "word" not in str(refused.value)


@pytest.mark.parametrize("key", ["two words", "line\nX-Evil: 1", "schlüssel"])
def test_a_key_that_fits_no_header_is_refused_without_repeating_it(key: str) -> None:
    with pytest.raises(cuebook.Misconfigured) as refused:
        cuebook.Client("http://127.0.0.1", key)
    assert key not in str(refused.value)


@pytest.mark.parametrize(
    "wrong",
    [{"refresh_s": 0}, {"timeout_s": -1}, {"timeout_s": math.inf}, {"wait": math.inf}, {"wait": math.nan}, {"wait": "2"}],
)
def test_a_time_that_is_none_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(cuebook.Misconfigured, match=next(iter(wrong))):
        cuebook.Client("http://127.0.0.1", KEY, **wrong)


def test_a_limit_without_its_seconds_is_refused() -> None:
    with pytest.raises(cuebook.Misconfigured, match="max_stale is not given"):
        cuebook.Client("http://127.0.0.1", KEY, on_max_stale="raise")


def test_authorities_that_cannot_be_read_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "absent"))
    with pytest.raises(cuebook.Misconfigured, match="SSL_CERT_FILE"):
        cuebook.Client("https://127.0.0.1", KEY)


@pytest.mark.parametrize("proxy", ["ftp://127.0.0.1:9", "socks9://127.0.0.1:9"])
def test_a_proxy_that_cannot_be_used_is_said_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, proxy: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    with (
        cuebook.Client("http://127.0.0.1:9", KEY, wait=0.2) as client,
        pytest.raises(cuebook.PromptUnavailable, match="ALL_PROXY cannot be used"),
    ):
        client.get("greeting")
    assert "Traceback" not in caplog.text


def test_who_asks_something_else_than_a_registry_is_told_to_look_at_the_address(registry: StandIn) -> None:
    registry.answer = lambda _: Reply(404, {"Content-Type": "text/html"}, b"<h1>Not found</h1>")
    with cuebook.Client(registry.url, KEY) as client, pytest.raises(cuebook.NotFound, match="CUEBOOK_URL"):
        client.refresh()


def test_an_authority_that_is_not_trusted_is_named_as_the_reason(tmp_path: Path) -> None:
    certificate = certified("127.0.0.1", tmp_path / "both.pem")
    with (
        StandIn(serving(whole(1)), certificate).running() as registry,
        cuebook.Client(registry.url, KEY) as client,
        pytest.raises(cuebook.Unavailable, match="SSL_CERT_FILE"),
    ):
        client.refresh()


def test_a_redirect_does_not_carry_the_credential_away(registry: StandIn) -> None:
    with StandIn(lambda _: Reply(200)).running() as elsewhere, Transport(registry.url, KEY, timeout_s=5) as transport:
        registry.answer = lambda _: Reply(307, {"Location": elsewhere.url})
        assert transport.send(Request("GET", "/v1/snapshot")).error().code == "bad_answer"
        assert elsewhere.asked == []


def test_a_body_is_sent_as_json_below_the_base_path(registry: StandIn) -> None:
    with Transport(registry.url + "/base", KEY, timeout_s=5) as transport:
        transport.send(Request("POST", "/api/x", {"a": "1"}, {"Idempotency-Key": "k"}, b"{}"))
    asked = registry.asked[0]
    assert (asked.method, asked.path, asked.params, asked.body) == ("POST", "/base/api/x", {"a": "1"}, b"{}")
    assert (asked.headers["content-type"], asked.headers["idempotency-key"]) == ("application/json", "k")


def test_an_answer_may_not_take_for_ever(registry: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_transport, "EXCHANGE_S_MAX", -1.0)
    with Transport(registry.url, KEY, timeout_s=5) as transport, pytest.raises(cuebook.Unavailable, match="longer than"):
        transport.send(Request("GET", "/v1/snapshot"))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("99999", 300.0),
        ("Thu, 01 Jan 1970 00:00:42 GMT", 32.0),
        ("Thu, 01 Jan 1970 00:00:01 GMT", 0.0),
        ("", None),
        ("soon", None),
    ],
)
def test_retry_after_is_read_in_both_forms(value: str, seconds: float | None) -> None:
    assert retry_after_s(value, now=10.0) == seconds


def test_who_reads_a_stream_is_told_when_another_thread_closes(registry: StandIn) -> None:
    """A socket that is only closed is forgotten by this process, and its reader waits for ever."""
    registry.streams = Streams()
    registry.streams.greeting = b": hello\n\n"
    greeted = threading.Event()

    def listen(transport: Transport) -> None:
        with suppress(cuebook.Unavailable), transport.stream(Request("GET", "/v1/events"), quiet_s=1000) as stream:
            for _ in stream.chunks:
                greeted.set()

    with Transport(registry.url, KEY, timeout_s=5) as transport:
        reader = threading.Thread(target=listen, args=(transport,), daemon=True)
        reader.start()
        assert greeted.wait(30)
    reader.join(30)
    assert not reader.is_alive()
