"""The built pages as the server hands them out: a policy with a nonce of its own, files that are kept, and a way back."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook_server.domain.errors import NotFound
from cuebook_server.ui import door
from cuebook_server.ui.built import ADDRESS, Built
from tests.support import web
from tests.support.passwords import PASSWORD
from tests.support.server import Server
from tests.ui.browser import LOGIN, account, get, post, signed_in

HOSTILE = [
    *("//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "//evil.example/p/a"),
    *("javascript:alert(1)", "data:text/html,x", "/p/a\r\nSet-Cookie: a=b", "/\t/evil.example", " //evil.example", "/p/%2e%2e"),
    *("/p//evil", "/p/", "/p/a/", "/p/a//evil.example", "/p/a/../../x", "/p/../x", "/p/.", "/p/a/..", "/p/A", "/p/a\n"),
    *("/api", "/v1", "/peoples", "/sign-out", "/sign-in/oidc", "/set-up#x", "/static/style.css", "evil.example", "."),
]
DOCUMENT = '<head><meta property="csp-nonce" nonce="__NONCE__" /><script src="/static/app/assets/a.js"></script></head>'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(DOCUMENT)
    (tmp_path / "assets/a.js").write_bytes(b"1")
    (tmp_path / "assets/a.js.gz").write_bytes(gzip.compress(b"1"))
    return tmp_path


def test_what_the_first_page_asks_for_is_fetched_while_its_document_is_read(folder: Path) -> None:
    shown = bytes(Built(folder).document("n", "/p/a.b").body).decode()
    assert '<link rel="preload" as="fetch" crossorigin href="/api/projects/a.b/status?after=&amp;limit=100">' in shown
    assert b"preload" not in bytes(Built(folder).document("n", "/p/a.b/keys").body)


def test_every_answer_has_a_nonce_of_its_own(folder: Path) -> None:
    shown = Built(folder).document("abc")
    assert b'nonce="abc"' in shown.body
    assert "style-src 'self' 'nonce-abc';" in shown.headers["content-security-policy"]


def test_the_policy_lets_no_script_in_but_ours(folder: Path) -> None:
    policy = dict(
        part.strip().partition(" ")[::2] for part in Built(folder).document("n").headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == policy["form-action"] == policy["img-src"] == "'self'"
    assert (policy["require-trusted-types-for"], policy["trusted-types"]) == ("'script'", "default")


@pytest.mark.parametrize(
    ("accepted", "encoding"), [("gzip, br", "gzip"), ("gzip;q=0.5", "gzip"), ("", None), ("deflate", None)]
)
def test_a_file_comes_in_the_smallest_form_there_is(folder: Path, accepted: str, encoding: str | None) -> None:
    answer = Built(folder).file("/static/app/assets/a.js", accepted)
    assert answer.headers.get("content-encoding") == encoding
    assert bytes(answer.body) in (b"1", (folder / "assets/a.js.gz").read_bytes())
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize("name", ["index.html", "assets/../index.html", "assets/b.js", "../app/index.html", "assets/"])
def test_no_other_file_is_handed_out(folder: Path, name: str) -> None:
    with pytest.raises(NotFound):
        Built(folder).file(f"/static/app/{name}", "")


def test_what_nobody_built_owns_nothing(tmp_path: Path) -> None:
    assert not Built(tmp_path).owns("/p/default")


@pytest.mark.parametrize("path", ["/", "/p/default", "/p/default/prompts/support.triage/edit", "/people", "/me", "/notices"])
def test_an_address_of_the_pages_is_known(folder: Path, path: str) -> None:
    assert Built(folder).owns(path)


@pytest.mark.parametrize("path", HOSTILE)
def test_no_other_address_is_taken(path: str) -> None:
    assert ADDRESS.fullmatch(path) is None
    assert {door.own_address(path), door.own_address(f"{path}?a=b")} == {"/"}


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_way_back_is_one_of_our_own_addresses_and_is_read_as_it_stands(path: str, query: str) -> None:
    """Browsers drop tabs and line ends, read `\\` as `/` and resolve dots: none of it may change where an address leads."""
    for wanted in (path, f"/p/{path}", f"/p/a/{path}?{query}", f"/?{query}"):
        back = door.own_address(wanted)
        assert back in {"/", wanted}
        assert urlsplit(urljoin("http://here.example", back))[:2] == ("http", "here.example")
        assert urlsplit(urljoin("http://here.example", back)).path == back.partition("?")[0]
        assert back.isascii()
        assert back.isprintable()


def test_who_has_to_sign_in_comes_back_to_where_they_were_going(server: Server) -> None:
    account(server)
    asked = "/sign-in?next=%2Fp%2Fdefault%2Faudit%3Faction%3Da"
    assert 'action="/sign-in?next=%2Fp%2Fdefault%2Faudit%3Faction%3Da"' in get(server, asked).text
    assert post(server, asked, login=LOGIN, password=PASSWORD).headers["location"] == "/p/default/audit?action=a"


@pytest.mark.parametrize("wanted", ["//evil.example/p", "/p/x%0d%0aSet-Cookie:a", "/p/../../x?\u00e9", "/sign-out"])
def test_the_way_back_leads_nowhere_else(server: Server, wanted: str) -> None:
    account(server)
    answer = web.post(
        f"{server.url}/sign-in",
        params={"next": wanted},
        data={"login": LOGIN, "password": PASSWORD},
        headers={"Origin": server.url},
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_a_link_from_elsewhere_finds_the_session_that_the_browser_kept_to_itself(server: Server) -> None:
    asked = "/plain?project=default&after=a%22b"
    led_on = get(server, asked, **{"Sec-Fetch-Site": "cross-site"})
    assert (led_on.status_code, 'content="0; url=/plain?project=default&amp;after=a%22b"' in led_on.text) == (200, True)
    assert get(server, asked, **{"Sec-Fetch-Site": "same-origin"}).status_code == 303
    assert get(server, asked, cookie=signed_in(server), **{"Sec-Fetch-Site": "cross-site"}).status_code == 200


def test_the_real_pages_are_served_to_whoever_is_signed_in(server: Server) -> None:
    if not Built().there:
        pytest.skip("the pages are not built: `make pages` builds them")
    asked = "/p/default/keys"
    assert get(server, asked).headers["location"] == "/sign-in?next=%2Fp%2Fdefault%2Fkeys"
    page = get(server, asked, cookie=signed_in(server))
    (script,) = re.findall(r'src="(/static/app/assets/[^"]+\.js)"', page.text)
    answer = get(server, script, **{"Accept-Encoding": "br"})
    assert (answer.headers["content-encoding"], page.headers["cache-control"]) == ("br", "no-store")
