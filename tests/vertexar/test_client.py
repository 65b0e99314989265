"""Who asks, through none, one and two proxies, and what a client may claim about it."""

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from vertexar.client import client_ip, network_of

CLIENT, OUTER, INNER = "203.0.113.7", "198.51.100.1", "10.0.0.1"


def seen(forwarded: str | None, *, proxies: int, remote: str = INNER) -> str:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.NUM_PROXIES", proxies)
        return client_ip(RequestFactory().get("/", headers=headers, REMOTE_ADDR=remote))


@pytest.mark.parametrize("forwarded", [None, "", "1.2.3.4", "1.2.3.4, 5.6.7.8"])
def test_without_proxies_the_header_is_not_believed(forwarded: str | None) -> None:
    assert seen(forwarded, proxies=0, remote=CLIENT) == CLIENT


@pytest.mark.parametrize(
    ("proxies", "forwarded"),
    [
        (1, CLIENT),
        (1, f"1.2.3.4, {CLIENT}"),
        (1, f"1.2.3.4,5.6.7.8,  {CLIENT} "),
        (2, f"{CLIENT}, {OUTER}"),
        (2, f"1.2.3.4, {CLIENT}, {OUTER}"),
        (2, f"nonsense, 1.2.3.4, {CLIENT}, {OUTER}"),
    ],
)
def test_the_client_is_whom_the_outermost_proxy_saw(proxies: int, forwarded: str) -> None:
    assert seen(forwarded, proxies=proxies) == CLIENT


@given(claim=st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=60))
@pytest.mark.parametrize(("proxies", "added"), [(1, CLIENT), (2, f"{CLIENT}, {OUTER}")])
def test_whatever_a_client_claims_changes_nothing(proxies: int, added: str, claim: str) -> None:
    assert seen(f"{claim}, {added}", proxies=proxies) == CLIENT


@pytest.mark.parametrize(
    ("proxies", "forwarded"), [(1, ""), (1, "unknown"), (1, "999.1.1.1"), (2, CLIENT)]
)
def test_a_header_that_says_too_little_leaves_the_address_that_asked(
    proxies: int, forwarded: str
) -> None:
    assert seen(forwarded, proxies=proxies) == INNER


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("203.0.113.7:51334", "203.0.113.7"),
        ("2001:DB8:0:0::7", "2001:db8::7"),
        ("[2001:db8::7]:51334", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
    ],
)
def test_an_address_is_read_however_a_proxy_writes_it(written: str, address: str) -> None:
    assert seen(written, proxies=1) == address
    assert seen(None, proxies=0, remote=written) == address


def test_a_unix_socket_tells_no_address() -> None:
    assert seen(None, proxies=0, remote="") == ""


def test_an_ipv6_customer_is_one_whatever_address_they_take() -> None:
    assert network_of("2001:db8:1:2::7") == network_of("2001:db8:1:2:ffff::1") == "2001:db8:1:2::"
    assert network_of("2001:db8:1:3::7") != network_of("2001:db8:1:2::7")
    assert (network_of("203.0.113.7"), network_of("")) == ("203.0.113.7", "")
