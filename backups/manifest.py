"""What a backup consists of: the signed page that comes last and makes a run a good one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

FORMAT = 1


@dataclass(frozen=True)
class Part:
    """One file of a run.

    Attributes:
        name: `database`, `configuration` or `media-index`; the last may come in several parts.
        path: at the destination.
        size, sha256: of the bytes as stored (hexadecimal digits).
        plain_size, plain_sha256: before encryption (and after decompression of nothing: of what
            `age --decrypt` writes); the same as the former for what is stored in the clear.
    """

    name: str
    path: str
    size: int
    sha256: str
    plain_size: int
    plain_sha256: str


@dataclass(frozen=True)
class MediaEntry:
    """One medium: a line of JSON in a `media-index` part.

    Attributes:
        key: the name in the media storage.
        size, sha256: of the medium itself.
        path: at the destination, encrypted.
        stored_size, stored_sha256: of the bytes there.
    """

    key: str
    size: int
    sha256: str
    path: str
    stored_size: int
    stored_sha256: str


@dataclass(frozen=True)
class Manifest:
    """A run at one destination.

    Attributes:
        run: its name, which is also its folder: `20261121T020003Z-1a2b3c4d`.
        kind: `nightly`, `manual` or `safety`.
        taken_at: when the database's snapshot was taken, UTC: what is restored is of that moment.
        finished_at: UTC.
        parts: the files of the run.
        tables: rows by table, `schema.table` (of `public` without the schema).
        media_count, media_bytes: totals of the index.
        gone_media: keys that were listed and could not be read any more.
        recipients: the age recipients everything is encrypted for.
        versions: of `vertexar`, `postgresql` (server), `pg_dump`, `python`, `django`.
        migrations: names of the applied ones by app.
    """

    run: str
    kind: str
    taken_at: datetime
    finished_at: datetime
    parts: tuple[Part, ...]
    tables: Mapping[str, int]
    media_count: int
    media_bytes: int
    gone_media: tuple[str, ...]
    recipients: tuple[str, ...]
    versions: Mapping[str, str]
    migrations: Mapping[str, tuple[str, ...]]
