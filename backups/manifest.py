"""What a backup consists of: the signed page that comes last and makes a run a good one.

A run's page and its index of media are clear text, so that the server, which can't decrypt what it
wrote, knows what each destination has. Both are read strictly: what is not exactly as we write it
is damaged or forged, and says so.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final, cast
from uuid import UUID

from backups.destinations.base import is_path
from vertexar.errors import DomainError

FORMAT = 1

RUNS: Final = "runs/"
MEDIA: Final = "media/"
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.json.sig"

DATABASE: Final = "database"
CONFIGURATION: Final = "configuration"
MEDIA_INDEX: Final = "media-index"

FILES: Final = {DATABASE: "database.dump.zst.age", CONFIGURATION: "configuration.json.age"}

RUN_NAME = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}")
INDEX_FILE = re.compile(r"media-\d{5,}\.jsonl")
SHA256 = re.compile(r"[0-9a-f]{64}")


class ManifestUnreadable(DomainError):
    """A manifest or a line of an index is not what we write."""

    code = "manifest_unreadable"


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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

    def part(self, name: str) -> Part:
        """The one part of that name: `database` or `configuration`."""
        return next(part for part in self.parts if part.name == name)

    @property
    def index_parts(self) -> tuple[Part, ...]:
        """The parts of the media's index, in their order."""
        return tuple(part for part in self.parts if part.name == MEDIA_INDEX)

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(self.tables.values())


def run_name(moment: datetime, row_id: UUID) -> str:
    """Name an attempt at a run; names sort as their moments do."""
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}-{row_id.hex[:8]}"


def begun_at(run: str) -> datetime | None:
    """When a run was begun, by its name; None if it is no name of a run."""
    if not RUN_NAME.fullmatch(run):
        return None
    try:
        return datetime.strptime(run.partition("-")[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:  # a month or an hour that there is not
        return None


def folder(run: str) -> str:
    """Where a run's files lie."""
    return f"{RUNS}{run}/"


def index_path(run: str, number: int) -> str:
    """Where a piece of a run's index of media lies; pieces are numbered from 1."""
    return f"{folder(run)}media-{number:05d}.jsonl"


def media_path(key: str) -> str:
    """Where a medium lies."""
    return f"{MEDIA}{key}.age"


def media_key(path: str) -> str:
    """The medium that lies there; the reverse of `media_path`."""
    return path.removeprefix(MEDIA).removesuffix(".age")


def to_bytes(manifest: Manifest) -> bytes:
    """Write a manifest; the same facts give the same bytes."""
    fields = asdict(manifest) | {
        "format": FORMAT,
        "taken_at": _iso(manifest.taken_at),
        "finished_at": _iso(manifest.finished_at),
    }
    return _canonical(fields)


def parse(data: bytes) -> Manifest:
    """Read a manifest.

    Raises:
        ManifestUnreadable: it is not one, or (`manifest_too_new`) of a newer format than ours.
    """
    fields = _Fields(_json(data), "the manifest")
    if (written := fields.number("format")) > FORMAT:
        raise ManifestUnreadable(
            f"The manifest is of format {written}; this version reads up to {FORMAT}.",
            code="manifest_too_new",
            hint="Use the version of Vertex AR that made the backup, or a newer one.",
        )
    run = fields.text("run")
    if begun_at(run) is None:
        raise ManifestUnreadable(f"“{run}” is no name of a run.")
    manifest = Manifest(
        run=run,
        kind=fields.text("kind"),
        taken_at=fields.moment("taken_at"),
        finished_at=fields.moment("finished_at"),
        parts=tuple(_part(run, raw) for raw in fields.items("parts")),
        tables=fields.mapping("tables", int),
        media_count=fields.number("media_count"),
        media_bytes=fields.number("media_bytes"),
        gone_media=fields.texts("gone_media"),
        recipients=fields.texts("recipients"),
        versions=fields.mapping("versions", str),
        migrations={
            app: _texts(names, f"migrations of {app}")
            for app, names in fields.mapping("migrations", list).items()
        },
    )
    names = [part.name for part in manifest.parts]
    for name in FILES:
        if names.count(name) != 1:
            raise ManifestUnreadable(f"The manifest of {run} must have one part “{name}”.")
    if len({part.path for part in manifest.parts}) != len(names):
        raise ManifestUnreadable(f"The manifest of {run} has one file twice.")
    if to_bytes(manifest) != data:  # unknown or repeated names, other numbers than whole ones
        raise ManifestUnreadable(f"The manifest of {run} is not as we write it.")
    return manifest


def to_line(entry: MediaEntry) -> bytes:
    """Write a line of the index, with its end."""
    return _canonical(asdict(entry))


def parse_line(line: bytes) -> MediaEntry:
    """Read a line of the index, with or without its end.

    Raises:
        ManifestUnreadable: it is none.
    """
    fields = _Fields(_json(line), "a line of the index")
    key = fields.path("key")
    entry = MediaEntry(
        key=key,
        size=fields.number("size"),
        sha256=fields.sha256("sha256"),
        path=fields.path("path"),
        stored_size=fields.number("stored_size"),
        stored_sha256=fields.sha256("stored_sha256"),
    )
    if entry.path != media_path(key):
        raise ManifestUnreadable(f"The index says that {key} lies at {entry.path}.")
    return entry


def _part(run: str, raw: object) -> Part:
    fields = _Fields(raw, "a part")
    part = Part(
        name=fields.text("name"),
        path=fields.path("path"),
        size=fields.number("size"),
        sha256=fields.sha256("sha256"),
        plain_size=fields.number("plain_size"),
        plain_sha256=fields.sha256("plain_sha256"),
    )
    file = part.path.removeprefix(folder(run))
    is_index = part.name == MEDIA_INDEX and INDEX_FILE.fullmatch(file) is not None
    if not is_index and FILES.get(part.name) != file:
        raise ManifestUnreadable(f"{part.path} can't be the part “{part.name}” of {run}.")
    return part


class _Fields:
    """The members of a JSON object, each read as what it has to be."""

    def __init__(self, raw: object, what: str) -> None:
        if not isinstance(raw, dict):
            raise ManifestUnreadable(f"There is no object where {what} should be.")
        self.raw: dict[str, Any] = raw
        self.what = what

    def text(self, name: str) -> str:
        return cast("str", self._of_kind(name, str))

    def number(self, name: str) -> int:
        value = cast("int", self._of_kind(name, int))
        if isinstance(value, bool) or not 0 <= value < 1 << 63:
            raise self._wrong(name)
        return value

    def sha256(self, name: str) -> str:
        if not SHA256.fullmatch(value := self.text(name)):
            raise self._wrong(name)
        return value

    def path(self, name: str) -> str:
        """A relative path that stays below where it begins."""
        if not is_path(value := self.text(name)):
            raise self._wrong(name)
        return value

    def moment(self, name: str) -> datetime:
        try:
            value = datetime.fromisoformat(self.text(name))
            if value.tzinfo is None:
                raise self._wrong(name)
            return value.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise self._wrong(name) from error

    def items(self, name: str) -> list[Any]:
        return cast("list[Any]", self._of_kind(name, list))

    def texts(self, name: str) -> tuple[str, ...]:
        return _texts(self.items(name), name)

    def mapping(self, name: str, kind: type) -> dict[str, Any]:
        value = cast("dict[str, Any]", self._of_kind(name, dict))
        if any(type(item) is not kind for item in value.values()):
            raise self._wrong(name)
        return value

    def _of_kind(self, name: str, kind: type) -> object:
        value = self.raw.get(name)
        if not isinstance(value, kind):
            raise self._wrong(name)
        return value

    def _wrong(self, name: str) -> ManifestUnreadable:
        return ManifestUnreadable(f"In {self.what}, “{name}” is missing or wrong.")


def _texts(values: list[Any], what: str) -> tuple[str, ...]:
    if not all(isinstance(value, str) for value in values):
        raise ManifestUnreadable(f"Among the {what} is something that is no text.")
    return tuple(values)


def _json(data: bytes) -> object:
    try:
        read = json.loads(data.decode("utf-8"))
        _canonical({"": read})  # half a surrogate pair can be read and not be written
    except (ValueError, RecursionError) as error:
        raise ManifestUnreadable(f"This is no JSON: {error}") from error
    return cast("object", read)


def _canonical(fields: Mapping[str, Any]) -> bytes:
    text = json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return f"{text}\n".encode()


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
