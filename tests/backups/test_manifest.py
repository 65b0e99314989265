"""Manifests and lines of an index: written one way, and read only so."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backups.manifest import (
    CONFIGURATION,
    DATABASE,
    Manifest,
    ManifestUnreadable,
    MediaEntry,
    Part,
    begun_at,
    media_path,
    parse,
    parse_line,
    run_name,
    to_bytes,
    to_line,
)

RUN = "20261121T020003Z-1a2b3c4d"
HASH = "ab" * 32


def written(**changes: Any) -> Manifest:
    parts = tuple(
        Part(name, f"runs/{RUN}/{file}", 10, HASH, 8, HASH)
        for name, file in (
            (DATABASE, "database.dump.zst.age"),
            (CONFIGURATION, "configuration.json.age"),
            ("media-index", "media-00001.jsonl"),
        )
    )
    moment = datetime(2026, 11, 21, 2, 0, 3, 5, tzinfo=UTC)
    manifest = Manifest(
        run=RUN,
        kind="nightly",
        taken_at=moment,
        finished_at=moment,
        parts=parts,
        tables={"accounts_user": 3},
        media_count=1,
        media_bytes=5,
        gone_media=("markers/pictures/ab/ä.png",),
        recipients=("age1x",),
        versions={"vertexar": "2.0.0"},
        migrations={"accounts": ("0001_initial", "0002_more")},
    )
    return replace(manifest, **changes)


def entry(key: str = f"markers/pictures/ab/{HASH}.png") -> MediaEntry:
    return MediaEntry(key, 5, HASH, media_path(key), 205, HASH)


def changed(**changes: Any) -> bytes:
    fields = json.loads(to_bytes(written())) | changes
    text = json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return f"{text}\n".encode()


def test_a_manifest_reads_back_as_it_was_written() -> None:
    assert parse(to_bytes(written())) == written()


def test_a_line_of_the_index_reads_back_as_it_was_written() -> None:
    assert parse_line(to_line(entry())) == entry()


@given(st.datetimes(timezones=st.just(UTC)))
def test_moments_keep_their_microseconds(moment: datetime) -> None:
    assert parse(to_bytes(written(taken_at=moment))).taken_at == moment


def test_a_manifest_of_a_newer_format_is_refused_by_that_name() -> None:
    with pytest.raises(ManifestUnreadable) as caught:
        parse(changed(format=2, unheard_of=True))
    assert caught.value.code == "manifest_too_new"


@pytest.mark.parametrize(
    "changes",
    [
        {"run": "../../etc"},
        {"run": "20269999T020003Z-1a2b3c4d"},
        {"kind": 3},
        {"taken_at": "2026-11-21T02:00:03"},
        {"taken_at": "yesterday"},
        {"taken_at": "0001-01-01T00:00:00+14:00"},
        {"parts": []},
        {"parts": {}},
        {"parts": [None]},
        {"tables": {"accounts_user": "3"}},
        {"tables": {"accounts_user": True}},
        {"media_count": -1},
        {"media_count": 1.0},
        {"media_count": 10**30},
        {"media_bytes": True},
        {"gone_media": [1]},
        {"recipients": "age1x"},
        {"migrations": {"accounts": [1]}},
        {"format": None},
        {"unheard_of": 1},
        {"format": True},
    ],
)
def test_a_manifest_with_something_wrong_in_it_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ManifestUnreadable):
        parse(changed(**changes))


@pytest.mark.parametrize(
    "path",
    [
        "runs/20261121T020003Z-00000000/database.dump.zst.age",
        f"runs/{RUN}/../database.dump.zst.age",
        f"/runs/{RUN}/database.dump.zst.age",
        f"runs/{RUN}/configuration.json.age",
        f"runs/{RUN}/database.dump.zst.age\x00",
        f"media/{HASH}",
    ],
)
def test_a_part_can_only_lie_where_its_name_says(path: str) -> None:
    parts = json.loads(to_bytes(written()))["parts"]
    parts[0]["path"] = path
    with pytest.raises(ManifestUnreadable):
        parse(changed(parts=parts))


def test_a_manifest_names_no_file_twice() -> None:
    parts = json.loads(to_bytes(written()))["parts"]
    with pytest.raises(ManifestUnreadable, match="twice"):
        parse(changed(parts=[*parts, parts[2]]))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"null\n",
        b"[" * 100_000,
        b'{"format":1,' + to_bytes(written())[1:],
        to_bytes(written()).replace(b',"kind"', b', "kind"'),
        to_bytes(written()).replace(b"age1x", b"\\ud800"),
        to_bytes(written()).rstrip(b"\n"),
        to_bytes(written())[:-40],
    ],
    ids=range(9),
)
def test_bytes_that_we_would_not_have_written_are_refused(data: bytes) -> None:
    with pytest.raises(ManifestUnreadable):
        parse(data)


@pytest.mark.parametrize(
    "changes",
    [
        {"path": "media/elsewhere.age"},
        {"key": "../secret", "path": "media/../secret.age"},
        {"key": "a//b", "path": "media/a//b.age"},
        {"key": "/etc/passwd", "path": "media//etc/passwd.age"},
        {"key": "a\nb", "path": "media/a\nb.age"},
        {"sha256": "AB" * 32},
        {"sha256": "ab"},
        {"stored_size": -1},
        {"size": None},
    ],
)
def test_a_line_that_leads_astray_is_refused(changes: dict[str, Any]) -> None:
    fields = json.loads(to_line(entry())) | changes
    with pytest.raises(ManifestUnreadable):
        parse_line(json.dumps(fields).encode())


def test_names_of_runs_sort_as_their_moments_do() -> None:
    row_id = UUID("1a2b3c4d-0000-4000-8000-000000000000")
    moment = datetime(2026, 11, 21, 2, 0, 3, tzinfo=UTC)

    assert run_name(moment, row_id) == RUN
    assert begun_at(RUN) == moment
    assert begun_at("lost+found") is None
