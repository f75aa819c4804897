"""The way in, on a real server: one link, one session, our own forms, our own names, and no secret left behind."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx2
import pytest

from cuebook_server.ui.app import HEADERS
from cuebook_server.ui.door import FORM_BYTES_MAX
from tests.support.server import Server
from tests.ui.browser import get, given_cookie, link, post, signed_in


def test_the_link_of_a_start_signs_in_once(start_server: Callable[..., Server]) -> None:
    server = start_server()
    (secret,) = re.findall(rf"^Sign in at {re.escape(server.url)}/sign-in#(\S+)$", server.output, re.MULTILINE)
    first, second = post(server, "/sign-in", secret=secret), post(server, "/sign-in", secret=secret)
    assert (first.status_code, first.headers["location"], second.status_code) == (303, "/", 401)
    assert "What runs where" in get(server, cookie=given_cookie(first)).text


def test_several_workers_print_one_link_and_know_the_same_sessions(start_server: Callable[..., Server]) -> None:
    server = start_server(environment={"CUEBOOK_WORKERS": "2", "CUEBOOK_LOG_LEVEL": "debug"})
    cookie = signed_in(server)
    assert server.output.count("/sign-in#") == 1
    assert {get(server, cookie=cookie).status_code for _ in range(10)} == {200}


def test_no_secret_is_logged(start_server: Callable[..., Server]) -> None:
    server = start_server(environment={"CUEBOOK_LOG_LEVEL": "debug"})
    mine, cookie = link(server), signed_in(server)
    post(server, "/sign-in", secret=mine, cookie=cookie)
    assert post(server, "/sign-in", secret=mine).status_code == 401
    assert "/sign-in" in server.output
    assert not [secret for secret in (mine, cookie) if secret in server.output]


def test_a_session_is_a_cookie_that_scripts_and_other_sites_never_see(server: Server) -> None:
    answer = post(server, "/sign-in", secret=link(server))
    name, *rules = re.split("; ", answer.headers["set-cookie"])
    assert name.startswith("__Host-cuebook=")
    assert sorted(rules) == ["HttpOnly", "Max-Age=604800", "Path=/", "SameSite=strict", "Secure"]
    assert len(given_cookie(answer)) == 43


def test_a_whole_link_may_be_pasted(server: Server) -> None:
    assert post(server, "/sign-in", secret=f" {server.url}/sign-in#{link(server)}\n").status_code == 303


def test_who_is_not_signed_in_is_told_how(server: Server) -> None:
    for cookie in ("", "x", "'; a=b", '"%00"'):
        answer = get(server, cookie=cookie)
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert "prints a sign-in link each time it starts" in get(server, "/sign-in").text


def test_signing_out_ends_the_session_itself(server: Server) -> None:
    cookie = signed_in(server)
    answer = post(server, "/sign-out", cookie=cookie)
    assert (answer.status_code, given_cookie(answer)) == (303, '""')
    assert get(server, cookie=cookie).status_code == 303


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "http://127.0.0.1:1", "http://127.0.0.1"])
def test_a_form_of_another_site_does_nothing(server: Server, origin: str | None) -> None:
    secret, cookie = link(server), signed_in(server)
    refused = [post(server, "/sign-in", origin=origin, secret=secret), post(server, "/sign-out", origin=origin, cookie=cookie)]
    assert [answer.status_code for answer in refused] == [403, 403]
    assert get(server, cookie=cookie).status_code == 200
    assert post(server, "/sign-in", secret=secret).status_code == 303


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "[", "192.168.1.7:8080", "localhost@evil.example"]
)
def test_a_foreign_name_for_this_machine_is_refused(server: Server, host: str) -> None:
    answer = get(server, "/sign-in", Host=host)
    assert answer.status_code in {400, 403}
    assert "<form" not in answer.text


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1", "[::1]:9", "cuebook.localhost"])
def test_the_machine_is_known_by_its_own_names(server: Server, host: str) -> None:
    assert get(server, "/sign-in", Host=host).status_code == 200


def test_behind_a_proxy_people_use_the_public_address(start_server: Callable[..., Server]) -> None:
    server = start_server(environment={"CUEBOOK_PUBLIC_URL": "https://cuebook.example.org"})
    assert "Sign in at https://cuebook.example.org/sign-in#" in server.output
    headers = {"Host": "cuebook.example.org", "Origin": "https://cuebook.example.org"}
    answer = httpx2.post(f"{server.url}/sign-in", data={"secret": link(server)}, headers=headers)
    assert answer.status_code == 303
    assert get(server, "/sign-in", Host="other.example.org").status_code == 403


def test_no_session_begins_over_a_network_in_the_clear(start_server: Callable[..., Server]) -> None:
    server = start_server(environment={"CUEBOOK_PUBLIC_URL": "http://cuebook.example.org"})
    headers = {"Host": "cuebook.example.org", "Origin": "http://cuebook.example.org"}
    answer = httpx2.post(f"{server.url}/sign-in", data={"secret": link(server)}, headers=headers)
    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)


def test_every_answer_has_its_headers(server: Server) -> None:
    cookie = signed_in(server)
    answers = [
        *(get(server, path, cookie=cookie) for path in ("/", "/sign-in", "/sign-out", "/static/style.css", "/static/x")),
        post(server, "/sign-in", secret="x"),
        get(server, "/", Host="evil.example"),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 404, 200, 404, 401, 403]
    for answer in answers:
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
        kept = answer.status_code == 200 and "css" in answer.headers["content-type"]
        assert answer.headers["cache-control"] == ("public, max-age=31536000, immutable" if kept else "no-store")


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"secret=" + b"x" * FORM_BYTES_MAX, "application/x-www-form-urlencoded", 413),
        (b'{"secret": "x"}', "application/json", 400),
        (b"%ff=%ff&secret=%00%ff", "application/x-www-form-urlencoded", 401),
        (b"", "application/x-www-form-urlencoded; charset=utf-8", 401),
    ],
)
def test_a_bad_form_is_a_page_that_says_so(server: Server, body: bytes, content_type: str, status: int) -> None:
    headers = {"Origin": server.url, "Content-Type": content_type}
    answer = httpx2.post(f"{server.url}/sign-in", content=body, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")


def test_another_project_is_asked_for_by_name(server: Server) -> None:
    cookie = signed_in(server)
    assert get(server, "/?project=default", cookie=cookie).status_code == 200
    assert get(server, "/?project=%3Cb%3E", cookie=cookie).status_code == 404
