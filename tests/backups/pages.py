"""Backups written by hand into a folder: a few parts, a few media, a manifest over them."""

import hashlib
import io
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import zstandard

from backups import catalogue, encryption, indexes, manifest, postgres, signing
from backups.destinations.folder import FolderDestination
from backups.known import KnownMedia
from backups.manifest import CONFIGURATION, DATABASE, FILES, MEDIA_INDEX, Manifest, MediaEntry, Part
from backups.streams import put

NIGHT = datetime(2020, 11, 21, 2, 0, 3, tzinfo=UTC)  # long ago, by any clock
IDENTITY, RECIPIENT = encryption.generate()


@lru_cache(maxsize=1)
def dump() -> bytes:
    """A real archive of one table; needs the test database."""
    program = postgres.find("pg_dump", at_least=server())
    url = postgres.own_url()
    return subprocess.run(
        [
            program.path,
            "--format=custom",
            "--compress=0",
            "--table=django_content_type",
            f"--dbname={postgres.address(url)}",
        ],
        env=postgres.environment(url),
        capture_output=True,
        check=True,
    ).stdout


def server() -> int:
    """The test database's major version."""
    with psycopg.connect(postgres.own_url()) as connection:
        return connection.info.server_version // 10_000


def key_of(content: bytes, *, room: str = "markers/pictures", extension: str = ".png") -> str:
    digest = hashlib.sha256(content).hexdigest()
    return f"{room}/{digest[:2]}/{digest}{extension}"


@dataclass
class Site:
    """A folder with backups in it."""

    root: Path
    sign: Callable[[bytes], bytes] = signing.sign
    archive: bytes = b"PGDMP, more or less"
    configuration: bytes = b'{"settings": {}}'
    is_compressed: bool = True
    pg_dump: str = "15.1"
    destination: FolderDestination = field(init=False)
    stored: dict[str, MediaEntry] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.destination = FolderDestination(self.root)

    @property
    def known(self) -> KnownMedia:
        """What need not be sent there again."""
        return indexes.known_media(self.destination, catalogue.survey(self.destination))

    def file(self, path: str) -> Path:
        return self.root / path

    def store_medium(self, content: bytes) -> MediaEntry:
        """Encrypt a medium and store it, once; encrypted again it would be other bytes."""
        key = key_of(content)
        if key in self.stored:
            return self.stored[key]
        stored = encrypted(content)
        put(self.destination, manifest.media_path(key), stored)
        self.stored[key] = MediaEntry(
            key=key,
            size=len(content),
            sha256=sha256(content),
            path=manifest.media_path(key),
            stored_size=len(stored),
            stored_sha256=sha256(stored),
        )
        return self.stored[key]

    def begin_run(
        self, media: list[MediaEntry], *, taken_at: datetime = NIGHT, row_id: UUID | None = None
    ) -> Manifest:
        """Everything but the manifest, which comes back."""
        run = manifest.run_name(taken_at, row_id or uuid4())
        plain = {
            DATABASE: zstandard.compress(self.archive) if self.is_compressed else self.archive,
            CONFIGURATION: self.configuration,
        }
        parts = [self._store(run, name, content) for name, content in plain.items()]
        for number, half in enumerate((media[::2], media[1::2]), start=1):
            if half:
                path = manifest.index_path(run, number)
                lines = b"".join(manifest.to_line(entry) for entry in half)
                put(self.destination, path, lines)
                size, digest = len(lines), sha256(lines)
                parts.append(Part(MEDIA_INDEX, path, size, digest, size, digest))
        return Manifest(
            run=run,
            kind="nightly",
            taken_at=taken_at,
            finished_at=taken_at,
            parts=tuple(parts),
            tables={"accounts_user": 3, "django_content_type": 40},
            media_count=len(media),
            media_bytes=sum(entry.size for entry in media),
            gone_media=(),
            recipients=(RECIPIENT,),
            versions={"vertexar": "2.0.0", "postgresql": "15.1", "pg_dump": self.pg_dump},
            migrations={"accounts": ("0001_initial",)},
        )

    def finish_run(self, written: Manifest, **changes: object) -> Manifest:
        written = replace(written, **changes)  # type: ignore[arg-type]
        data = manifest.to_bytes(written)
        inside = manifest.folder(written.run)
        put(self.destination, inside + manifest.SIGNATURE, self.sign(data))
        put(self.destination, inside + manifest.MANIFEST, data)
        return written

    def make_run(
        self,
        contents: list[bytes] | None = None,
        *,
        taken_at: datetime = NIGHT,
        row_id: UUID | None = None,
        **changes: object,
    ) -> Manifest:
        media = [self.store_medium(content) for content in contents or []]
        begun = self.begin_run(media, taken_at=taken_at, row_id=row_id)
        return self.finish_run(begun, **changes)

    def files(self) -> Mapping[str, int]:
        return {found.path: found.size for found in self.destination.walk("")}

    def _store(self, run: str, name: str, content: bytes) -> Part:
        stored = encrypted(content)
        path = manifest.folder(run) + FILES[name]
        put(self.destination, path, stored)
        return Part(name, path, len(stored), sha256(stored), len(content), sha256(content))


def encrypted(content: bytes) -> bytes:
    sink = io.BytesIO()
    encryption.encrypt(io.BytesIO(content), sink, encryption.parse_recipients([RECIPIENT]))
    return sink.getvalue()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
