"""What a content's button may lead to: nothing that a browser could not open."""

import pytest
from django.core.exceptions import ValidationError

from arcontent.links import LinkValidator
from arcontent.models import ARContent

# Each of them Django's own validator accepts, and `new URL` of browsers throws.
REFUSED_BY_BROWSERS = {
    "port": "https://example.com:99999/",
    "port of an address": "https://1.1.1.1:70000",
    "port of an IPv6 address": "https://[::1]:70000/",
    "punycode of nothing": "https://a.xn--0",
    "address in wide digits": "https://1.2.3.\uff14\uff15\uff16\uff17",
    "begins with an accent": "https://\u0300a.com",
    "private character": "https://\ue000.com",
    "host of brackets": "https://<>?@example.com",
}
TAKEN_BY_BROWSERS = [
    "https://example.com",
    "http://example.com:8080/way?to=it#now",
    "https://user:word@example.com/",
    "https://localhost/",
    "https://1.1.1.1:65535",
    "https://[2001:db8::1]:443/",
    "https://r3---sn.example.com",
    "https://пример.рф/путь",
    "https://xn--e1afmkfd.xn--p1ai/",
    "https://faß.de",
    "https://أهلا.com",
    "https://a。example.com",
]


@pytest.mark.parametrize("url", REFUSED_BY_BROWSERS.values(), ids=list(REFUSED_BY_BROWSERS))
def test_a_link_that_no_browser_opens_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="Browsers can’t open this link"):
        LinkValidator()(url)


@pytest.mark.parametrize("url", TAKEN_BY_BROWSERS, ids=ascii)
def test_a_link_that_browsers_open_is_taken(url: str) -> None:
    LinkValidator()(url)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "ftp://example.org", "example"])
def test_what_is_no_address_of_the_web_is_refused_as_such(url: str) -> None:
    with pytest.raises(ValidationError, match="Enter a valid URL"):
        LinkValidator()(url)


def test_the_back_office_refuses_it_at_its_field() -> None:
    field = ARContent._meta.get_field("call_to_action_url")

    with pytest.raises(ValidationError, match="Browsers can’t open this link"):
        field.clean("https://example.com:99999/", None)
