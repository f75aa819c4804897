"""Every way of writing an address that leads into the house is refused, whatever it looks like."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebook_server.domain.reach import BadUrl, Reach, is_public, meant

PUBLIC = Reach()
LOOPBACK = Reach((ip_network("127.0.0.0/8"), ip_network("::1/128")))
# Refused as it is written: no name needs to be looked up.
REFUSED = """
http://example.com/ ftp://example.com/ file:///etc/passwd gopher://example.com/ javascript:alert(1) //example.com/ example.com
https:// https:/example.com https:///x https://?x https://#x https://:443/
https://127.0.0.1/ https://127.0.0.1:8443/x https://127.1/ https://127.0.1/ https://2130706433/ https://0x7f000001/
https://0x7f.0.0.1/ https://0177.0.0.1/ https://017700000001/ https://127.0.0.0x1/ https://127.000.000.001/ https://0/
https://0.0.0.0/ https://127.0.0.1./ https://169.254.169.254/latest/meta-data/ https://0xA9FEA9FE/ https://2852039166/
https://0251.0376.0251.0376/ https://255.255.255.255/ https://224.0.0.1/ https://240.0.0.1/ https://1.2.3/ https://1.2.3.4.5/
https://[::1]/ https://[::]/ https://[0:0:0:0:0:0:0:1]/ https://[::ffff:127.0.0.1]/ https://[::ffff:7f00:1]/
https://[::ffff:169.254.169.254]/ https://[::127.0.0.1]/ https://[64:ff9b::7f00:1]/ https://[64:ff9b::a9fe:a9fe]/
https://[2002:7f00:1::]/ https://[2002:a9fe:a9fe::1]/ https://[fe80::1]/ https://[fe80::1%25eth0]/ https://[fec0::1]/
https://[ff02::1]/ https://[fd00::1]/ https://[2001:0:7f00:1::]/ https://[::1%25lo]/ https://[v1.x]/ https://[::1/ https://[127.0.0.1]/
https://user@example.com/ https://user:word@example.com/ https://example.com@127.0.0.1/ https://127.0.0.1%00.example.com/
https://example.com:0/ https://example.com:99999/ https://example.com:/ https://example.com:8x/ https://example.com/#x
https://example.com\\@127.0.0.1/ https://exa%6dple.com/ https://-example.com/ https://example..com/ https://example.com../
https://①②⑦.0.0.1/ https://１２７.0.0.1/ https://127。0。0。1/ https://ⓛocalhost/
"""
FORMS = REFUSED.split()


def test_there_are_many_forms() -> None:
    assert len(FORMS) > 70


@pytest.mark.parametrize("url", FORMS)
def test_what_does_not_lead_to_a_public_host_over_https_is_refused(url: str) -> None:
    with pytest.raises(BadUrl):
        PUBLIC.read(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://a b.example.com/",
        "https://localhost\t/",
        "https://lo\ncalhost/",
        "https://example.com/ x",
        "https://example.com/\x00",
        "https://e.com/" + "x" * 2_000,
        "",
    ],
)
def test_what_is_no_plain_url_is_refused(url: str) -> None:
    with pytest.raises(BadUrl):
        PUBLIC.read(url)


@pytest.mark.parametrize(
    ("url", "authority", "target"),
    [
        ("https://example.com", "example.com", "/"),
        ("https://EXAMPLE.com:443/a?b=c", "example.com", "/a?b=c"),
        ("https://hooks.example.com:8443/T0/B0", "hooks.example.com:8443", "/T0/B0"),
        ("https://example.com./x%20y", "example.com", "/x%20y"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", "/"),
        ("https://8.8.8.8/", "8.8.8.8", "/"),
        ("https://[2606:4700::1111]:444/", "[2606:4700::1111]:444", "/"),
    ],
)
def test_what_is_public_is_taken_apart(url: str, authority: str, target: str) -> None:
    endpoint = PUBLIC.read(url)
    assert (endpoint.authority, endpoint.target, endpoint.secure) == (authority, target, True)


def test_what_the_audit_shows_holds_no_path() -> None:
    assert PUBLIC.read("https://hooks.example.com/T0/secret?key=x").shown == "https://hooks.example.com"


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::1"], ["::ffff:127.0.0.1"], ["fe80::1%2"], []]
)
def test_a_name_that_leads_inside_is_refused_even_when_only_one_of_its_addresses_does(addresses: list[str]) -> None:
    assert not PUBLIC.lets(addresses, secure=True)


def test_the_operator_lets_networks_in_and_plain_http_stays_on_this_machine() -> None:
    assert LOOPBACK.lets(["127.0.0.1", "::1", "::ffff:127.0.0.1"], secure=False)
    assert LOOPBACK.lets(["8.8.8.8"], secure=True)
    assert not LOOPBACK.lets(["8.8.8.8"], secure=False)
    assert not LOOPBACK.lets(["169.254.169.254"], secure=True)
    assert LOOPBACK.read("http://localhost:8000/").secure is False


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_means_the_same_inside_an_ipv6_one(address: IPv4Address) -> None:
    carried = [
        IPv6Address(0xFFFF << 32 | int(address)),
        IPv6Address(0x64FF9B << 96 | int(address)),
        IPv6Address(0x2002 << 112 | int(address) << 80 | 1),
    ]
    for one in carried:
        if not is_public(address):
            assert not PUBLIC.lets([str(one)], secure=True)
        assert address in set(meant(one))


@given(st.ip_addresses())
def test_only_what_is_global_and_nothing_special_is_reached(address: IPv4Address | IPv6Address) -> None:
    if PUBLIC.lets([str(address)], secure=True):
        assert all(one.is_global and not one.is_multicast and not one.is_reserved for one in meant(address))
