"""The public pages: the viewer, its manifest, the QR codes."""

import gzip
from html.parser import HTMLParser

import pytest
from django.test import Client

from tests.arcontent.factories import ARContentFactory, ready_content
from tests.scanning import scanned_file

pytestmark = pytest.mark.django_db


class Tags(HTMLParser):
    """Collects what a strict CSP would forbid."""

    def __init__(self) -> None:
        super().__init__()
        self.inline: list[str] = []
        self.foreign: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in given) or "style" in given:
            self.inline.append(tag)
        self.inline += [name for name in given if name.startswith("on")]
        urls = (given.get(name) or "" for name in ("src", "href", "poster"))
        self.foreign += [url for url in urls if "//" in url]


def test_the_page_shows_the_picture_to_look_for(client: Client) -> None:
    content = ready_content(title="Harbour & lights")

    response = client.get(f"/ar/{content.code}")

    page = response.content.decode()
    assert response.status_code == 200
    assert "Harbour &amp; lights" in page
    assert content.marker.picture_url in page
    assert 'id="start"' in page
    assert 'id="overlay"' in page


def test_the_page_is_sent_compressed_to_whom_reads_that(client: Client) -> None:
    content = ready_content(title="Harbour & lights")

    response = client.get(f"/ar/{content.code}", headers={"accept-encoding": "gzip"})

    assert response["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in response["Vary"]
    assert "Harbour &amp; lights" in gzip.decompress(response.content).decode()


def test_the_page_allows_only_our_own_files(client: Client) -> None:
    content = ready_content()

    response = client.get(f"/ar/{content.code}")

    policy = dict(
        directive.strip().split(" ", 1)
        for directive in response["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["worker-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["form-action"] == "'none'"
    assert "unsafe" not in response["Content-Security-Policy"]
    assert "camera=(self)" in response["Permissions-Policy"]


def test_the_page_has_nothing_inline_and_nothing_foreign(client: Client) -> None:
    tags = Tags()

    tags.feed(client.get(f"/ar/{ready_content().code}").content.decode())

    assert tags.inline == []
    assert tags.foreign == []


def test_the_target_comes_with_the_page_once_there_is_one(client: Client) -> None:
    ready, prepared = ready_content(), ARContentFactory.create()

    pages = [client.get(f"/ar/{one.code}").content.decode() for one in (ready, prepared)]

    assert [page.count('rel="preload" as="fetch"') for page in pages] == [2, 1]
    assert f'as="fetch" href="{ready.marker.target_url}"' in pages[0]


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_page_speaks_the_visitors_language(client: Client, language: str) -> None:
    response = client.get(f"/ar/{ready_content().code}", headers={"Accept-Language": language})

    assert f'lang="{language}"' in response.content.decode()


def test_an_unknown_code_gets_a_kind_page(client: Client) -> None:
    response = client.get("/ar/nosuchcode")

    assert response.status_code == 404
    assert "<h1" in response.content.decode()


def test_a_code_typed_in_capitals_is_found(client: Client) -> None:
    content = ready_content()

    assert client.get(f"/ar/{content.code.upper()}").status_code == 200


def test_the_manifest_names_target_and_videos(client: Client) -> None:
    content = ready_content(call_to_action_label="Buy", call_to_action_url="https://example.org")

    response = client.get(f"/ar/{content.code}/manifest")

    body = response.json()
    assert body["status"] == "ready"
    assert body["target"]["url"] == content.marker.target_url
    assert (body["target"]["width_px"], body["target"]["height_px"]) == (480, 360)
    assert [video["duration_s"] for video in body["videos"]] == [1.0]
    assert body["call_to_action"] == {"label": "Buy", "url": "https://example.org"}
    assert body["overlay"] == {"fit": "cover", "when_lost": "hide", "stacked_alpha": False}
    assert "public" in response["Cache-Control"]


def test_the_manifest_says_how_the_video_is_shown(client: Client) -> None:
    content = ready_content(video_fit="stretch", when_lost="full_screen", stacked_alpha=True)

    body = client.get(f"/ar/{content.code}/manifest").json()

    assert body["overlay"] == {"fit": "stretch", "when_lost": "full_screen", "stacked_alpha": True}


def test_the_manifest_of_what_is_not_ready_is_not_kept(client: Client) -> None:
    content = ARContentFactory.create()

    response = client.get(f"/ar/{content.code}/manifest")

    assert response.json()["status"] == "processing"
    assert response.json()["target"]["url"] is None
    assert response["Cache-Control"] == "no-store"


def test_a_disabled_video_is_not_shown(client: Client) -> None:
    content = ready_content()
    content.videos.update(enabled=False)

    assert client.get(f"/ar/{content.code}/manifest").json()["videos"] == []


def test_the_png_code_leads_to_the_viewer(client: Client) -> None:
    content = ready_content()

    response = client.get(f"/qr/{content.code}.png")

    assert response["Content-Type"] == "image/png"
    assert scanned_file(response.content) == content.viewer_url


def test_the_svg_code_is_one(client: Client) -> None:
    response = client.get(f"/qr/{ready_content().code}.svg")

    assert response["Content-Type"] == "image/svg+xml"
    assert b"<svg" in response.content


@pytest.mark.parametrize("code", ["%00", "%F0%9F%98%80", "a" * 500, "..%2f..", "'--"])
@pytest.mark.parametrize("path", ["/ar/{}", "/ar/{}/manifest", "/qr/{}.svg", "/qr/{}.png"])
def test_no_text_in_place_of_a_code_is_an_error_of_ours(
    client: Client, code: str, path: str
) -> None:
    assert client.get(path.format(code)).status_code == 404


@pytest.mark.parametrize("path", ["/qr/nosuchcode.svg", "/qr/nosuchcode.png", "/ar/x/manifest"])
def test_there_is_no_code_of_what_is_not_there(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_posting_to_the_page_is_not_allowed(client: Client) -> None:
    assert client.post(f"/ar/{ready_content().code}").status_code == 405
