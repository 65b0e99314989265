"""How often one may ask: who is counted, what is answered, and what goes on without the cache."""

import re
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.core.checks import run_checks
from django.test import Client, RequestFactory
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings
from rest_framework.permissions import AllowAny
from rest_framework.test import APIClient

from accounts.models import User
from config import api as routes
from tests.accounts.factories import PASSWORD, MembershipFactory
from tests.arcontent.factories import ready_content
from tests.conftest import signed_in
from vertexar import throttles
from vertexar.cache import cache_breaker
from vertexar.throttles import AuthThrottle, Limit, Rate, ViewerThrottle, parse_rate

HERE, ELSEWHERE = "203.0.113.7", "203.0.113.8"
LOGIN, CONTENTS = "/api/v1/auth/login", "/api/v1/contents"
PROBLEM = "application/problem+json"


class Clock:
    """Time for the counter: nothing passes but what a test lets pass."""

    def __init__(self) -> None:
        self.now = time.time()

    def time(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clock(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Turn limits on and count from zero, with no window ending in the middle of a test."""
    settings.RATE_LIMIT_ENABLED = True
    settings.RATELIMIT_CACHE_PREFIX = uuid4().hex
    clock = Clock()
    monkeypatch.setattr("django_ratelimit.core.time", SimpleNamespace(time=clock.time))
    return clock


@pytest.fixture(autouse=True)
def _breaker() -> Iterator[None]:
    """Do not let one test's dead cache spare the next one's live one."""
    cache_breaker.reset()
    yield
    cache_breaker.reset()


def sign_in(name: str, *, ip: str = HERE, password: str = "wrong") -> Any:  # noqa: S107
    client = APIClient(REMOTE_ADDR=ip)
    return client.post(LOGIN, {"username": name, "password": password}, "json")


def statuses(ask: Callable[[], Any], times: int) -> list[int]:
    return [ask().status_code for _ in range(times)]


# --- Rates ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("5/min", Rate(5, 60)),
        ("5/m", Rate(5, 60)),
        (" 5/minute ", Rate(5, 60)),
        ("1/sec", Rate(1, 1)),
        ("3000/hour", Rate(3000, 3600)),
        ("7/d", Rate(7, 86400)),
    ],
)
def test_a_rate_is_a_number_and_a_period(text: str, rate: Rate) -> None:
    assert parse_rate(text) == rate


@given(text=st.text(max_size=12) | st.from_regex(r"\d+/[a-z]*", fullmatch=True))
def test_anything_else_is_no_rate(text: str) -> None:
    try:
        rate = parse_rate(text)
    except ValueError:
        return
    assert rate.quota >= 1
    assert re.fullmatch(r"\s*\d+/[a-z]+\s*", text)


@pytest.mark.parametrize("text", ["", "5", "5/", "0/min", "-1/min", "5/fortnight", "5 per min"])
def test_nonsense_is_told_before_anything_is_served(settings: Settings, text: str) -> None:
    settings.UPLOAD_RATE_LIMIT = text

    [error] = [error for error in run_checks() if error.id == "vertexar.E004"]

    assert error.msg.startswith("UPLOAD_RATE_LIMIT")
    assert "5/min" in str(error.hint)


def test_a_museum_s_visitors_share_an_address_and_are_not_stopped(settings: Settings) -> None:
    assert parse_rate(settings.VIEWER_RATE_LIMIT).quota >= 1000


# --- The API ----------------------------------------------------------------------------------


def test_good_answers_say_how_much_is_left(api: APIClient, settings: Settings) -> None:
    settings.GLOBAL_RATE_LIMIT = "3/min"

    first, second = api.get(CONTENTS), api.get(CONTENTS)

    assert first["RateLimit-Policy"] == second["RateLimit-Policy"] == '"global";q=3;w=60'
    assert re.fullmatch(r'"global";r=2;t=\d+', first["RateLimit"])
    assert re.fullmatch(r'"global";r=1;t=\d+', second["RateLimit"])


def test_one_too_many_is_a_problem_that_says_how_long_to_wait(
    api: APIClient, settings: Settings
) -> None:
    settings.GLOBAL_RATE_LIMIT = "3/min"
    assert statuses(lambda: api.get(CONTENTS), 3) == [200] * 3

    response = api.get(CONTENTS)

    assert response.status_code == 429
    assert response["Content-Type"] == PROBLEM
    assert response.json()["type"] == "urn:vertexar:problem:too_many_requests"
    assert response.json()["hint"]
    assert 1 <= int(response["Retry-After"]) <= 60
    assert response["RateLimit"] == f'"global";r=0;t={response["Retry-After"]}'


def test_the_next_window_opens_again(api: APIClient, settings: Settings, clock: Clock) -> None:
    settings.GLOBAL_RATE_LIMIT = "1/min"
    assert statuses(lambda: api.get(CONTENTS), 2) == [200, 429]

    clock.now += int(api.get(CONTENTS)["Retry-After"]) + 1

    assert api.get(CONTENTS).status_code == 200


def test_users_are_counted_each_for_themselves_wherever_they_are(
    editor: User, stranger: User, settings: Settings
) -> None:
    settings.GLOBAL_RATE_LIMIT = "1/min"
    assert statuses(lambda: signed_in(editor).get(CONTENTS), 2) == [200, 429]

    assert signed_in(stranger).get(CONTENTS).status_code == 200
    assert signed_in(editor).get(CONTENTS, REMOTE_ADDR=ELSEWHERE).status_code == 429


@pytest.mark.django_db
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer a.b.c"}])
def test_guessing_tokens_is_counted_by_address(settings: Settings, headers: dict[str, str]) -> None:
    settings.GLOBAL_RATE_LIMIT = "3/min"
    client = Client(headers=headers)

    assert statuses(lambda: client.get(CONTENTS), 4) == [401, 401, 401, 429]
    assert client.get(CONTENTS, REMOTE_ADDR=ELSEWHERE).status_code == 401


@pytest.mark.django_db
def test_files_have_a_limit_of_their_own(api: APIClient, settings: Settings) -> None:
    settings.UPLOAD_RATE_LIMIT = "2/min"

    answers = [api.post(CONTENTS, {"title": "no files"}, format="multipart") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [400, 400, 429]
    assert answers[0]["RateLimit-Policy"] == '"global";q=100;w=60, "upload";q=2;w=60'
    assert api.get(CONTENTS).status_code == 200


@pytest.mark.django_db
def test_seven_wrong_passwords_are_five_times_401_and_then_429() -> None:
    MembershipFactory.create(user__username="anna")

    assert statuses(lambda: sign_in("anna"), 7) == [401] * 5 + [429] * 2


@pytest.mark.django_db
def test_other_names_are_no_way_around_the_limit_on_signing_in() -> None:
    names = iter(f"name {n}" for n in range(7))

    assert statuses(lambda: sign_in(next(names)), 7) == [401] * 5 + [429] * 2

    assert sign_in("another", ip=ELSEWHERE).status_code == 401


@pytest.mark.django_db
@pytest.mark.parametrize("proxies", [0, 1, 2])
def test_what_a_client_says_of_its_address_is_no_way_around_it(
    settings: Settings, proxies: int
) -> None:
    settings.NUM_PROXIES = proxies
    added = [[], [HERE], [HERE, "198.51.100.1"]][proxies]

    def ask(number: int) -> int:
        forwarded = ", ".join([f"10.0.0.{number}", *added])
        client = APIClient(headers={"X-Forwarded-For": forwarded})
        return int(client.post(LOGIN, {"username": "a", "password": "b"}, "json").status_code)

    assert [ask(number) for number in range(6)] == [401] * 5 + [429]


@pytest.mark.django_db
def test_limits_can_be_turned_off(api: APIClient, settings: Settings) -> None:
    settings.RATE_LIMIT_ENABLED, settings.GLOBAL_RATE_LIMIT = False, "1/min"

    assert statuses(lambda: api.get(CONTENTS), 3) == [200] * 3
    assert "RateLimit" not in api.get(CONTENTS)


def test_every_route_of_the_api_is_limited_and_signing_in_strictly() -> None:
    for route in routes.urlpatterns:
        view: Any = getattr(route.callback, "cls", None)  # as DRF leaves it
        assert view.throttle_classes, route.name
        is_open = AllowAny in view.permission_classes
        if is_open and str(route.pattern).startswith("auth/") and route.name != "refresh":
            assert AuthThrottle in view.throttle_classes, route.name
        if route.name == "events":
            assert view.throttle_classes == [ViewerThrottle]


# --- Pages ------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "words"), [("en", "Please wait a little"), ("ru", "Пожалуйста, подождите")]
)
def test_the_door_of_the_back_office_is_limited_with_the_api_s(language: str, words: str) -> None:
    headers = {"Accept-Language": language, "Accept": "text/html"}
    browser = Client(REMOTE_ADDR=HERE, headers=headers)
    door = reverse("admin:login")
    statuses(lambda: sign_in("anna"), 3)

    form = {"username": "boris", "password": "wrong"}
    answers = [browser.post(door, form) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert words in answers[-1].content.decode()
    assert int(answers[-1]["Retry-After"]) >= 1
    assert browser.get(door).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "words"), [("en", "Please wait a little"), ("ru", "Пожалуйста, подождите")]
)
def test_a_visitor_too_many_is_asked_kindly_to_wait(
    settings: Settings, language: str, words: str
) -> None:
    settings.VIEWER_RATE_LIMIT = "1/min"
    browser = Client(headers={"Accept-Language": language, "Accept": "text/html"})
    path = f"/ar/{ready_content().code}"
    first, second = browser.get(path), browser.get(path)

    assert (first.status_code, second.status_code) == (200, 429)
    assert words in second.content.decode()
    assert second["Cache-Control"] == "no-store"
    assert int(second["Retry-After"]) >= 1
    assert "RateLimit" in second
    assert "RateLimit" not in first  # it may be kept by a cache for others


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/ar/{}/manifest", "/qr/{}.svg", "/qr/{}.png"])
def test_what_the_viewer_fetches_is_limited_with_its_page(settings: Settings, path: str) -> None:
    settings.VIEWER_RATE_LIMIT = "1/min"
    client, code = Client(), ready_content().code
    client.get(f"/ar/{code}")

    response = client.get(path.format(code))

    assert response.status_code == 429
    assert response["Content-Type"] == PROBLEM


@pytest.mark.django_db
def test_beacons_and_clicks_are_limited_with_the_viewer_and_not_with_the_api(
    settings: Settings,
) -> None:
    settings.VIEWER_RATE_LIMIT, settings.GLOBAL_RATE_LIMIT = "3/min", "1/min"
    client, code = Client(), ready_content().code

    def beacon() -> Any:
        return client.post("/api/v1/events", {"code": code, "event": "opened"}, "application/json")

    assert statuses(beacon, 3) == [204] * 3
    assert client.post(f"/ar/{code}/click").status_code == 429
    assert beacon().status_code == 429


@pytest.mark.django_db
def test_the_back_office_asks_for_news_as_often_as_it_likes(
    superuser: User, settings: Settings
) -> None:
    settings.GLOBAL_RATE_LIMIT = settings.VIEWER_RATE_LIMIT = settings.AUTH_RATE_LIMIT = "1/min"
    desk, content = Client(), ready_content()
    desk.force_login(superuser)
    url = reverse("admin:arcontent_status", args=[content.pk])

    assert statuses(lambda: desk.get(url), 5) == [200] * 5


# --- The counter ------------------------------------------------------------------------------


def test_of_requests_side_by_side_no_more_than_allowed_get_through(settings: Settings) -> None:
    settings.GLOBAL_RATE_LIMIT = "20/min"
    request = RequestFactory().get("/")

    with ThreadPoolExecutor(8) as pool:
        usages = list(pool.map(lambda _: throttles.GLOBAL.count(request, "user:1"), range(60)))

    assert sum(usage is not None and not usage.is_over for usage in usages) == 20


def test_who_can_not_be_told_apart_is_not_counted_together(settings: Settings) -> None:
    settings.AUTH_RATE_LIMIT = "1/min"
    request = RequestFactory().post("/", REMOTE_ADDR="")

    assert throttles.address_of(request) == ""
    assert throttles.AUTH.count(request, throttles.address_of(request)) is None


@pytest.fixture
def dead_cache(settings: Settings) -> None:
    """Have nothing listen where the cache should be."""
    _put_cache_at(settings, "redis://127.0.0.1:1/0")


@pytest.mark.django_db
@pytest.mark.usefixtures("dead_cache")
def test_without_the_cache_reads_go_on(api: APIClient, settings: Settings) -> None:
    settings.GLOBAL_RATE_LIMIT = settings.VIEWER_RATE_LIMIT = "1/min"
    code = ready_content().code

    assert statuses(lambda: api.get(CONTENTS), 3) == [200] * 3
    assert statuses(lambda: Client().get(f"/ar/{code}"), 3) == [200] * 3


@pytest.mark.django_db
@pytest.mark.usefixtures("dead_cache")
def test_without_the_cache_signing_in_stays_guarded() -> None:
    MembershipFactory.create(user__username="anna")

    assert statuses(lambda: sign_in("anna"), 7) == [401] * 5 + [429] * 2

    assert sign_in("anna", password=PASSWORD).status_code == 429
    assert sign_in("anna", password=PASSWORD, ip=ELSEWHERE).status_code == 200


def test_a_cache_that_hangs_holds_up_one_request_and_briefly(settings: Settings) -> None:
    request, limit = RequestFactory().get("/"), Limit("global", "GLOBAL_RATE_LIMIT")
    with socket.create_server(("127.0.0.1", 0)) as mute:  # takes connections, never answers
        _put_cache_at(settings, f"redis://127.0.0.1:{mute.getsockname()[1]}/0")
        mute.setblocking(False)
        asked: list[socket.socket] = []
        begun = time.monotonic()
        assert limit.count(request, "user:1") is None
        first_s = time.monotonic() - begun
        take_all(mute, asked)
        by_the_first = len(asked)

        for _ in range(20):
            assert limit.count(request, "user:1") is None

        take_all(mute, asked)
        for connection in asked:
            connection.close()
    assert first_s < 3
    assert len(asked) == by_the_first > 0  # the others did not ask, and so did not wait


def take_all(listener: socket.socket, taken: list[socket.socket]) -> None:
    """Take the connections that wait, and keep them open."""
    with suppress(BlockingIOError):
        while True:
            taken.append(listener.accept()[0])


def _put_cache_at(settings: Settings, url: str) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": [url]}}
