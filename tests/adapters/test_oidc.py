"""Signing in elsewhere, with a real provider on this machine: the whole way, and every way that is not the right one."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from cuebook_server.adapters.oidc import IdentityRefused, OpenIdProvider, ProviderUnavailable
from cuebook_server.domain.origin import Place
from cuebook_server.domain.session import COOKIE
from cuebook_server.services import people
from cuebook_server.ui.accounts import OIDC_COOKIE
from cuebook_server.ui.app import Pages
from cuebook_server.ui.door import Door
from tests.factories import Registry, open_registry
from tests.people import PROJECT
from tests.support import web
from tests.support.passwords import cheap
from tests.support.server import free_port

OWN = {"Origin": "http://127.0.0.1"}
BACK = "http://127.0.0.1/sign-in/oidc"
AUTHOR = "author@example.org"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """A provider in a process of its own. Whoever it does not know yet, it knows by the address they give."""
    port = free_port()
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        try:
            yield _ready(f"http://127.0.0.1:{port}")
        finally:
            running.terminate()


def _ready(address: str) -> str:
    for _ in range(400):
        try:
            return str(web.get(f"{address}/.well-known/openid-configuration").json()["issuer"])
        except httpx2.HTTPError:
            time.sleep(0.1)
    raise AssertionError("the provider did not start")


@dataclass
class Browser:
    """A browser that keeps our cookies, over the pages of a registry with the provider set up."""

    registry: Registry
    provider: OpenIdProvider
    cookies: dict[str, str]

    def send(self, method: str, path: str, **more: Any) -> httpx2.Response:
        async def ask() -> httpx2.Response:
            at = Door(Place("127.0.0.1"))
            transport = httpx2.ASGITransport(app=Pages(self.registry.units, at, cheap(), self.provider))
            async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
                return await client.request(method, path, headers=OWN | {"Cookie": cookie}, **more)

        answer = asyncio.run(ask())
        for given in answer.headers.get_list("set-cookie"):
            name, _, rest = given.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        return answer

    def elsewhere(self, subject: str = AUTHOR, wanted: str = "", **form: str) -> str:
        """Go to the provider, sign in there, and return the address it sends the browser back to."""
        away = self.send("POST", "/sign-in/oidc", params={"next": wanted}, data={"secret": "", **form})
        assert away.status_code == 303, away.text
        back = web.post(away.headers["location"], data={"sub": subject}, follow_redirects=False)
        return str(back.headers["location"])

    def sign_in(self, subject: str = AUTHOR, **form: str) -> httpx2.Response:
        return self.send("GET", self.elsewhere(subject, **form))


@pytest.fixture
def browser(sqlite_url: str, issuer: str) -> Iterator[Browser]:
    with open_registry(sqlite_url) as registry:
        yield Browser(registry, OpenIdProvider(issuer, "cuebook", "a secret"), {})


def invitation(registry: Registry) -> str:
    with registry.units.write() as uow:
        return people.invite(registry.people.owner.actor, uow, "reviewer@example.org", [("author", PROJECT, None)])[1]


def test_who_is_invited_signs_in_with_their_organisation_and_again_without(browser: Browser) -> None:
    first = browser.sign_in(secret=invitation(browser.registry))
    assert (first.status_code, 'http-equiv="refresh"' in first.text) == (200, True)
    assert "reviewer@example.org" in browser.send("GET", "/plain").text
    browser.cookies.clear()
    assert browser.sign_in().status_code == 200
    assert "reviewer@example.org" in browser.send("GET", "/plain").text


def test_who_is_not_invited_is_refused(browser: Browser) -> None:
    answer = browser.sign_in("stranger")
    assert (answer.status_code, COOKIE in browser.cookies) == (403, False)


def test_a_server_may_take_everybody_the_provider_knows(browser: Browser) -> None:
    browser.provider.default_role = "viewer"
    assert browser.sign_in().status_code == 200
    assert "author@example.org" in browser.send("GET", "/plain").text


def test_the_page_that_was_wanted_is_where_one_arrives(browser: Browser) -> None:
    browser.provider.default_role = "viewer"
    asked = browser.send("GET", "/sign-in", params={"next": "/p/desk/audit?action=a"}).text
    assert 'action="/sign-in/oidc?next=%2Fp%2Fdesk%2Faudit%3Faction%3Da"' in asked
    arrived = browser.send("GET", browser.elsewhere(wanted="/p/desk/audit?action=a"))
    assert 'content="0; url=/p/desk/audit?action=a"' in arrived.text


@pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example", "/sign-out", '/p/a";url=//evil.example'])
def test_a_way_back_that_is_not_ours_leads_to_the_first_page(browser: Browser, wanted: str) -> None:
    browser.provider.default_role = "viewer"
    assert 'content="0; url=/"' in browser.send("GET", browser.elsewhere(wanted=wanted)).text


def test_a_cookie_that_somebody_wrote_leads_nowhere_else(browser: Browser) -> None:
    browser.provider.default_role = "viewer"
    back = browser.elsewhere()
    kept = json.loads(bytes.fromhex(browser.cookies[OIDC_COOKIE]))
    browser.cookies[OIDC_COOKIE] = json.dumps({**kept, "next": "//evil.example"}).encode().hex()
    assert 'content="0; url=/"' in browser.send("GET", back).text


def test_who_is_refused_on_the_way_still_comes_to_the_page_they_wanted(browser: Browser) -> None:
    browser.elsewhere(wanted="/p/desk/keys")
    state = json.loads(bytes.fromhex(browser.cookies[OIDC_COOKIE]))["state"]
    refused = browser.send("GET", "/sign-in/oidc", params={"state": state, "error": "access_denied"})
    assert (refused.status_code, 'action="/sign-in?next=%2Fp%2Fdesk%2Fkeys"' in refused.text) == (401, True)


def test_the_way_back_counts_once_in_one_browser_and_unchanged(browser: Browser) -> None:
    browser.provider.default_role = "viewer"
    back = browser.elsewhere()
    other = Browser(browser.registry, browser.provider, {})
    assert other.send("GET", back).status_code == 400
    assert browser.send("GET", re.sub("state=[^&]+", "state=x", back)).status_code == 400
    kept = dict(browser.cookies)
    assert browser.send("GET", back).status_code == 200
    browser.cookies.update(kept)
    assert browser.send("GET", back).status_code == 401
    assert browser.send("GET", "/sign-in/oidc").status_code == 400


def test_the_way_there_carries_what_binds_the_way_back(browser: Browser) -> None:
    answer = browser.send("POST", "/sign-in/oidc", data={"secret": ""})
    assert (answer.status_code, OIDC_COOKIE in browser.cookies) == (303, True)
    asked = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
    assert (asked["code_challenge_method"], asked["response_type"], asked["redirect_uri"]) == ("S256", "code", BACK)
    assert len(asked["nonce"]) >= 32


def test_the_challenge_is_that_of_the_verifier(issuer: str) -> None:
    """The provider of these tests does not ask for the verifier; others do."""
    trip = OpenIdProvider(issuer, "cuebook", "a secret").leave(BACK)
    digest = base64.urlsafe_b64encode(hashlib.sha256(trip.code_verifier.encode()).digest()).decode().rstrip("=")
    assert dict(parse_qsl(urlsplit(trip.url).query))["code_challenge"] == digest


@pytest.mark.parametrize(("client", "nonce"), [("cuebook", "another"), ("another", "")])
def test_a_token_for_another_trip_or_another_client_is_refused(issuer: str, client: str, nonce: str) -> None:
    trip = OpenIdProvider(issuer, "cuebook", "a secret").leave(BACK)
    back = web.post(trip.url, data={"sub": AUTHOR}, follow_redirects=False).headers["location"]
    asked = dict(parse_qsl(urlsplit(back).query))
    with pytest.raises(IdentityRefused):
        OpenIdProvider(issuer, client, "a secret").arrive(replace(trip, nonce=nonce or trip.nonce), BACK, asked)


def test_a_provider_under_another_name_or_none_is_unavailable(issuer: str) -> None:
    for wrong in (f"{issuer}/", "http://127.0.0.1:9"):
        with pytest.raises(ProviderUnavailable):
            OpenIdProvider(wrong, "cuebook", "a secret").leave(BACK)
