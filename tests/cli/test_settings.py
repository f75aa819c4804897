"""The server's settings: what is wrong with one is said with its variable, and keeps the server from starting."""

from __future__ import annotations

from pathlib import Path

import pytest

from cuebook_server.settings import BadSetting, read


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"CUEBOOK_PORT": "99999"}, "CUEBOOK_PORT: Input should be less than or equal to 65535."),
        ({"CUEBOOK_WEBHOOK_NETWORKS": "10.0.0.1/8"}, "CUEBOOK_WEBHOOK_NETWORKS: 10.0.0.1/8 has host bits set."),
        ({"CUEBOOK_RELAY_OF": "https://a.example.org"}, "CUEBOOK_RELAY_OF and CUEBOOK_RELAY_KEY belong together."),
        (
            {"CUEBOOK_OIDC_ISSUER": "https://a.example.org"},
            "CUEBOOK_OIDC_CLIENT_ID and CUEBOOK_OIDC_CLIENT_SECRET belong to CUEBOOK_OIDC_ISSUER.",
        ),
        ({"CUEBOOK_DATABASE_FILE": "absent"}, "CUEBOOK_DATABASE_FILE: No such file or directory."),
    ],
)
def test_a_bad_value_is_said_with_its_variable(monkeypatch: pytest.MonkeyPatch, given: dict[str, str], said: str) -> None:
    """A relay without its key was told that something is wrong with CUEBOOK_OIDC_ISSUER."""
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(BadSetting) as refused:
        read()
    assert refused.value.detail == said


def test_a_value_may_lie_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "address"
    monkeypatch.setenv("CUEBOOK_DATABASE_FILE", str(file))
    file.write_text("postgresql://db.internal/cuebook\n")
    assert read().database_url == "postgresql://db.internal/cuebook"
    file.write_bytes(b"\xff")
    with pytest.raises(BadSetting, match="CUEBOOK_DATABASE_FILE: it holds no text"):
        read()


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080"),
        ("0.0.0.0", "http://127.0.0.1:8080"),
        ("::", "http://[::1]:8080"),
        ("desk.internal", "http://desk.internal:8080"),
    ],
)
def test_a_server_is_reached_at_an_address(host: str, url: str) -> None:
    assert read({"host": host}).url_at(8080) == url
