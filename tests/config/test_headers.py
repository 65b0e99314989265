"""What browsers are told to forbid, on every kind of page, scored as Mozilla's Observatory does."""

import re

import pytest
from django.core import checks
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from vertexar import checks as our_checks

pytestmark = pytest.mark.django_db
PAGES = ["/admin/login/", "/ar/unknown", "/api/v1/contents", "/health/live"]
ORIGIN = "https://studio.example.org"


@pytest.fixture(autouse=True)
def _over_https(settings: Settings) -> None:
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    settings.SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True


def observatory_score(page: HttpResponse) -> int:
    """Add up the score of HTTP Observatory's documented tests that headers and cookies decide.

    Baseline 100 and the modifiers of
    developer.mozilla.org/en-US/observatory/docs/tests_and_scoring; a page that fails a test by more
    than its absence loses 50, which is below any pass.
    """
    score = 100
    policy = dict(
        part.strip().split(" ", 1) for part in page["Content-Security-Policy"].split("; ") if part
    )
    is_unsafe = re.search(r"unsafe-(inline|eval)|https?:(?!//)|\*", " ".join(policy.values()))
    score += 10 if not is_unsafe and policy["default-src"] == "'none'" else -50
    score += 5 if policy["frame-ancestors"] == "'none'" else -50
    hsts = re.search(r"max-age=(\d+)", page.get("Strict-Transport-Security", ""))
    score += 0 if hsts and int(hsts[1]) >= 15_768_000 else -50
    score += 0 if page["X-Content-Type-Options"] == "nosniff" else -50
    score += 5 if page["Referrer-Policy"] == "strict-origin-when-cross-origin" else -50
    score += 10 if page["Cross-Origin-Resource-Policy"] == "same-origin" else -50
    for cookie in page.cookies.values():
        score -= 0 if cookie["secure"] and cookie["httponly"] and cookie["samesite"] else 50
    return score


@pytest.mark.parametrize("path", PAGES)
def test_every_kind_of_page_scores_at_least_120(path: str) -> None:
    page = Client().get(path, secure=True)

    assert observatory_score(page) >= 120  # type: ignore[arg-type]


def test_a_page_that_runs_inline_scripts_would_not() -> None:
    page = Client().get("/admin/login/", secure=True)
    page["Content-Security-Policy"] = page["Content-Security-Policy"].replace(
        "script-src 'self'", "script-src 'self' 'unsafe-inline'"
    )

    assert observatory_score(page) < 120  # type: ignore[arg-type]


@pytest.mark.parametrize("path", PAGES)
def test_no_page_asks_for_more_than_the_camera(path: str) -> None:
    policy = Client().get(path, secure=True)["Permissions-Policy"]

    assert "camera=(self)" in policy
    assert "geolocation=()" in policy


def test_pictures_that_are_made_to_be_shown_may_be_shown_elsewhere() -> None:
    assert Client().get("/qr/none.svg")["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_the_api_answers_named_origins_and_no_other(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]
    ask = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x"}

    named = Client().options("/api/v1/auth/login", headers={"Origin": ORIGIN, **ask})
    other = Client().options("/api/v1/auth/login", headers={"Origin": "https://evil.test", **ask})
    page = Client().get("/admin/login/", headers={"Origin": ORIGIN})

    assert named["Access-Control-Allow-Origin"] == ORIGIN
    assert "Access-Control-Allow-Credentials" not in named
    assert "Access-Control-Allow-Origin" not in other
    assert "Access-Control-Allow-Origin" not in page


@pytest.mark.parametrize("origins", [["*"], [ORIGIN, "*"]])
def test_every_origin_at_once_is_refused_before_serving(
    settings: Settings, origins: list[str]
) -> None:
    settings.CORS_ALLOWED_ORIGINS = origins

    [problem] = our_checks.origins_are_named()

    assert isinstance(problem, checks.Error)
    assert "CORS_ORIGINS" in problem.msg
