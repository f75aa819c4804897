"""Caches between an application and a node, well and badly set up: no key ever sees another key's content."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from random import Random

import pytest
import requests
import requests_cache
from cachecontrol import CacheControl

from cuebook_server.domain.keys import mint
from tests.delivery.client import TRIAGE, Shop, make_shop
from tests.delivery.live import serving
from tests.delivery.proxies import ALWAYS_WHOLE, DISOBEDIENT, NGINX_SETTINGS, VARNISH_SETTINGS, front

PATHS = [f"/v1/prompts/{TRIAGE}", f"/v1/prompts/{TRIAGE}?version=stable", "/v1/prompts", "/v1/snapshot"]


@dataclass
class Front:
    """A way to reach a node through a cache."""

    name: str
    shop: Shop
    url: str
    session: requests.Session

    def get(self, path: str, key: str | None, **headers: str) -> requests.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if key:
            named["Authorization"] = f"Bearer {key}"
        return self.session.get(self.url + path, headers=named, timeout=10)


CLIENTS: dict[str, Callable[[], requests.Session]] = {
    "CacheControl": lambda: CacheControl(requests.Session()),
    "requests-cache": lambda: requests_cache.CachedSession(backend="memory"),
    "requests-cache that heeds headers": lambda: requests_cache.CachedSession(backend="memory", cache_control=True),
}
PROXIES = [*NGINX_SETTINGS, *VARNISH_SETTINGS]
every_cache = pytest.mark.parametrize("through", [*PROXIES, *CLIENTS], indirect=True)
every_proxy = pytest.mark.parametrize("through", PROXIES, indirect=True)
caches_that_obey = pytest.mark.parametrize("through", [n for n in [*PROXIES, *CLIENTS] if n not in DISOBEDIENT], indirect=True)
every_path = pytest.mark.parametrize("path", PATHS)


@pytest.fixture(scope="module")
def through(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """A node with the named cache before it, for all tests of the module, in any order."""
    name, shop = str(request.param), make_shop()
    with ExitStack() as stack:
        port = stack.enter_context(serving(shop))
        if name in PROXIES:
            port = stack.enter_context(front(name, port, tmp_path_factory.mktemp("front")))
        session = stack.enter_context(CLIENTS[name]() if name in CLIENTS else requests.Session())
        yield Front(name, shop, f"http://127.0.0.1:{port}", session)


@every_cache
@every_path
def test_two_keys_never_see_each_others_content(through: Front, path: str) -> None:
    for _ in range(2):
        for environment, key in through.shop.keys.items():
            for coding in ("identity", "gzip"):
                answer = through.get(path, key, Accept_Encoding=coding)
                assert answer.headers["Cuebook-Environment"] == environment
                assert answer.content == through.shop.get(path, environment).body


@every_cache
@every_path
def test_a_wrong_key_never_sees_any(through: Front, path: str) -> None:
    stranger = mint("prd", Random(5).randbytes(40)).token
    for _ in range(2):
        assert through.get(path, through.shop.prd).status_code == 200
        for key in (stranger, None, through.shop.prd[:-1]):
            answer = through.get(path, key)
            assert answer.status_code == 401
            assert "Version" not in answer.text
            assert "ETag" not in answer.headers


@every_proxy
@every_path
def test_a_tag_is_honoured_for_its_own_key_only(through: Front, path: str) -> None:
    tag = through.get(path, through.shop.prd, Accept_Encoding="identity").headers["ETag"]
    for _ in range(2):
        kept = through.get(path, through.shop.prd, If_None_Match=tag, Accept_Encoding="identity")
        other = through.get(path, through.shop.keys["staging"], If_None_Match=tag, Accept_Encoding="identity")
        assert kept.status_code == 304 or kept.content == through.shop.get(path).body
        assert (other.status_code, other.content) == (200, through.shop.get(path, "staging").body)


@every_proxy
def test_304_works_through_proxies_that_hand_tags_on(through: Front) -> None:
    tag = through.get(PATHS[0], through.shop.prd).headers["ETag"]
    kept = through.get(PATHS[0], through.shop.prd, If_None_Match=tag)
    if through.name in ALWAYS_WHOLE:
        assert (kept.status_code, kept.content) == (200, through.shop.get(PATHS[0]).body)
    else:
        assert (kept.status_code, kept.content, kept.headers["ETag"]) == (304, b"", tag)


@pytest.mark.parametrize("name", ["CacheControl", "requests-cache that heeds headers"])
def test_a_clients_cache_asks_again_with_its_tag(shop: Shop, name: str) -> None:
    """The same key twice: the second request carries the tag of the first, is answered 304, and the caller sees the content."""
    with serving(shop) as port, CLIENTS[name]() as session:
        client = Front(name, shop, f"http://127.0.0.1:{port}", session)
        answers = [client.get("/v1/snapshot", shop.prd) for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert dict(shop.node.board.counters.requests) == {200: 1, 304: 1}


@caches_that_obey
def test_refusals_are_not_kept(through: Front) -> None:
    name = f"late.{len(through.shop.source.versions)}"
    path = f"/v1/prompts/{name}"
    assert through.get(path, through.shop.prd).json()["code"] == "not_found"
    through.shop.release(
        "production", name, through.shop.source.save(name, {"kind": "text", "engine": "simple", "text": "now"})
    )
    assert through.get(path, through.shop.prd).json()["text"] == "now"


@caches_that_obey
def test_a_release_is_seen_at_once_where_caches_obey(through: Front) -> None:
    for number in (2, 3, 1):
        through.shop.release("production", TRIAGE, number)
        assert through.get(PATHS[0], through.shop.prd).json()["version"] == number
