"""The way in, on a real server: one link, one session, our own forms, our own names, and no secret left behind."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from cuebook_server.ui.app import HEADERS, PLAIN
from cuebook_server.ui.door import FORM_BYTES_MAX
from tests.support import web
from tests.support.passwords import PASSWORD
from tests.support.server import Server
from tests.ui.browser import LOGIN, account, first_link, get, given_cookie, post, reset_link, signed_in


def test_the_link_of_the_first_start_makes_the_first_account_once(start_server: Callable[..., Server]) -> None:
    server = start_server()
    assert "Nobody has an account yet" in get(server, "/sign-in").text
    form = {"secret": first_link(server), "login": LOGIN, "name": "Author", "password": PASSWORD}
    weak = post(server, "/set-up", **{**form, "password": "short"})
    assert (weak.status_code, f'value="{form["secret"]}"' in weak.text, "short" in weak.text) == (422, True, False)
    first, second = post(server, "/set-up", **form), post(server, "/set-up", **form)
    assert (first.status_code, first.headers["location"], second.status_code) == (303, "/", 401)
    assert "What runs where" in get(server, PLAIN, cookie=given_cookie(first)).text
    assert "<h1>Sign in</h1>" in get(server, "/sign-in").text
    server.stop()
    again = start_server(server.data)
    assert again.output.count("/set-up#") == 1
    assert get(again, cookie=given_cookie(post(again, "/sign-in", login=LOGIN, password=PASSWORD))).status_code == 200


def test_several_workers_print_one_link_and_know_the_same_sessions(start_server: Callable[..., Server]) -> None:
    server = start_server(environment={"CUEBOOK_WORKERS": "2", "CUEBOOK_LOG_LEVEL": "debug"})
    cookie = signed_in(server)
    assert server.output.count("/set-up#") == 1
    assert {get(server, cookie=cookie).status_code for _ in range(10)} == {200}


def test_no_secret_is_logged(start_server: Callable[..., Server]) -> None:
    server = start_server(environment={"CUEBOOK_LOG_LEVEL": "debug"})
    mine, cookie = reset_link(server), signed_in(server)
    assert post(server, "/reset", secret=mine, password=PASSWORD, cookie=cookie).status_code == 303
    assert post(server, "/reset", secret=mine, password=PASSWORD).status_code == 401
    assert "/reset" in server.output
    assert not [secret for secret in (mine, cookie, PASSWORD) if secret in server.output]


def test_a_session_is_a_cookie_that_scripts_and_other_sites_never_see(server: Server) -> None:
    account(server)
    answer = post(server, "/sign-in", login=LOGIN, password=PASSWORD)
    name, *rules = re.split("; ", answer.headers["set-cookie"])
    assert name.startswith("__Host-cuebook=")
    assert sorted(rules) == ["HttpOnly", "Max-Age=604800", "Path=/", "SameSite=strict", "Secure"]
    assert len(given_cookie(answer)) == 43


def test_a_whole_link_may_be_pasted(server: Server) -> None:
    secret = f" {server.url}/reset#{reset_link(server)}\n"
    assert post(server, "/reset", secret=secret, password=PASSWORD).headers["location"] == "/sign-in"


def test_who_is_not_signed_in_is_told_how(server: Server) -> None:
    for cookie in ("", "x", "'; a=b", '"%00"'):
        answer = get(server, cookie=cookie)
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    account(server)
    page = get(server, "/sign-in").text
    assert ("cuebook people reset-link LOGIN" in page, "your organisation" in page) == (True, False)


def test_a_wrong_password_says_so_and_keeps_the_login(server: Server) -> None:
    answer = post(server, "/sign-in", login="Nobody@example.org", password="wrong")
    assert (answer.status_code, 'value="Nobody@example.org"' in answer.text, 'value="wrong"' in answer.text) == (
        401,
        True,
        False,
    )


def test_signing_out_ends_the_session_itself(server: Server) -> None:
    cookie = signed_in(server)
    answer = post(server, "/sign-out", cookie=cookie)
    assert (answer.status_code, given_cookie(answer)) == (303, '""')
    assert get(server, cookie=cookie).status_code == 303


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "http://127.0.0.1:1", "http://127.0.0.1"])
def test_a_form_of_another_site_does_nothing(server: Server, origin: str | None) -> None:
    cookie = signed_in(server)
    right = {"login": LOGIN, "password": PASSWORD}
    refused = [post(server, "/sign-in", origin=origin, **right), post(server, "/sign-out", origin=origin, cookie=cookie)]
    assert [(answer.status_code, "set-cookie" in answer.headers) for answer in refused] == [(403, False), (403, False)]
    assert get(server, cookie=cookie).status_code == 200


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
    assert "Make the first account at https://cuebook.example.org/set-up#" in server.output
    account(server)
    headers = {"Host": "cuebook.example.org", "Origin": "https://cuebook.example.org"}
    answer = web.post(f"{server.url}/sign-in", data={"login": LOGIN, "password": PASSWORD}, headers=headers)
    assert answer.status_code == 303
    assert get(server, "/sign-in", Host="other.example.org").status_code == 403


def test_no_session_begins_over_a_network_in_the_clear(start_server: Callable[..., Server]) -> None:
    server = start_server(environment={"CUEBOOK_PUBLIC_URL": "http://cuebook.example.org"})
    headers = {"Host": "cuebook.example.org", "Origin": "http://cuebook.example.org"}
    answer = web.post(f"{server.url}/sign-in", data={"login": LOGIN, "password": PASSWORD}, headers=headers)
    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)


def test_every_answer_has_its_headers(server: Server) -> None:
    cookie = signed_in(server)
    answers = [
        *(get(server, path, cookie=cookie) for path in (PLAIN, "/sign-in", "/sign-out", "/static/style.css", "/static/x")),
        post(server, "/sign-in", login="x", password="x"),
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
        (b"login=" + b"x" * FORM_BYTES_MAX, "application/x-www-form-urlencoded", 413),
        (b'{"secret": "x"}', "application/json", 400),
        (b"%ff=%ff&login=%00%ff", "application/x-www-form-urlencoded", 401),
        (b"", "application/x-www-form-urlencoded; charset=utf-8", 401),
    ],
)
def test_a_bad_form_is_a_page_that_says_so(server: Server, body: bytes, content_type: str, status: int) -> None:
    headers = {"Origin": server.url, "Content-Type": content_type}
    answer = web.post(f"{server.url}/sign-in", content=body, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")


def test_another_project_is_asked_for_by_name(server: Server) -> None:
    cookie = signed_in(server)
    assert get(server, PLAIN + "?project=default", cookie=cookie).status_code == 200
    assert get(server, PLAIN + "?project=%3Cb%3E", cookie=cookie).status_code == 404
