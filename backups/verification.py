"""Is a backup still what was made: every part of it there, unchanged, and, with a key, readable."""

from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from backups import bad_media, catalogue, contents, encryption, indexes, letters
from backups.destinations import Destination, DestinationFailed
from backups.genuine import PartDamaged, open_signed
from backups.known import KnownMedia
from backups.manifest import (
    DATABASE,
    MANIFEST,
    MEDIA,
    MEDIA_INDEX,
    Manifest,
    ManifestUnreadable,
    MediaEntry,
    Part,
    folder,
    media_key,
)
from backups.models import BackupRun
from backups.signing import NotSignedByUs
from backups.streams import CHUNK_BYTES, Source, SourceMeter
from backups.verdicts import OF_WHO_ASKS, Flaw, Verdict
from vertexar.errors import NotThere

OnProgress = Callable[[float], object]


def verify(
    run: str,
    destination: Destination,
    *,
    identities: Sequence[Any] = (),
    deep: bool = False,
    on_progress: OnProgress = lambda _share: None,
    signers: Collection[str] | None = None,
) -> Verdict:
    """Check one run at one destination; every flaw is found, not only the first.

    Args:
        run: its name.
        destination: where it lies.
        identities: age identities (`encryption.parse_identities`). With them, database and
            configuration are decrypted, their plain bytes hashed and the dump's listing read.
        deep: read every medium, not only look whether it is there with its size.
        on_progress: told the share that is done, 0..1.
        signers: whose runs count; those of `signing.trusted` by default.

    Raises:
        NotThere: `no_such_backup`, the destination has no such run.
        DestinationFailed: it can't be read, which says nothing of the backup.
        ProgramUnusable: there is no pg_restore that could read the dump's listing.
    """
    verdict = Verdict(run, destination.name, bool(identities), deep)
    try:
        manifest = catalogue.load(destination, run, signers=signers)
    except (NotSignedByUs, ManifestUnreadable) as error:
        path = folder(run) + MANIFEST
        verdict.add(path, error.code, f"{path}: {error.message}")
        return verdict
    _Verification(manifest, destination, identities, verdict, on_progress, signers).run()
    return verdict


def verify_everywhere(
    run: str,
    destinations: Collection[Destination],
    *,
    identities: Sequence[Any] = (),
    deep: bool = False,
    on_progress: OnProgress = lambda _share: None,
    signers: Collection[str] | None = None,
) -> list[Verdict]:
    """Check a run wherever it lies, and write the result on its row if it has one; tell of flaws.

    A destination where the row says that it lies, and that does not have it, has a flaw. What says
    something of who asks and not of the backup, as a wrong key does, is not written.

    Args:
        run, destinations, identities, deep, on_progress, signers: as in `verify`.

    Raises:
        NotThere: `no_such_backup`, no destination has it.
        DestinationFailed: a destination can't be read; the others have been checked, and what is
            wrong there is on the row.
        ProgramUnusable: there is no pg_restore that could read the dump's listing.
    """
    row = BackupRun.objects.filter(name=run).first()
    verdicts: list[Verdict] = []
    failure: DestinationFailed | None = None
    for number, destination in enumerate(destinations):
        try:
            verdict = verify(
                run,
                destination,
                identities=identities,
                deep=deep,
                on_progress=_in_turn(on_progress, number, len(destinations)),
                signers=signers,
            )
        except NotThere:
            if row is None or destination.name not in catalogue.lies_at(row):
                continue
            verdict = Verdict(run, destination.name, bool(identities), deep)
            path = folder(run) + MANIFEST
            verdict.add(path, "missing", f"{path} is missing.")
        except DestinationFailed as error:
            failure = failure or error
            continue
        verdicts.append(verdict)
    if row is not None and verdicts:
        damage = "\n".join(filter(None, (verdict.damage_in_words() for verdict in verdicts)))
        is_whole = failure is None and all(verdict.is_whole for verdict in verdicts)
        if damage or is_whole:
            _write_down(row, damage)
        for verdict in verdicts:
            are_all = verdict.is_deep and bool(verdict.media_count)
            bad_media.note(run, verdict.destination, verdict.bad_media, are_all=are_all)
    if failure is not None:
        raise failure
    if not verdicts:
        raise NotThere(f"No destination has a backup {run}.", code="no_such_backup")
    return verdicts


@transaction.atomic
def _write_down(row: BackupRun, flaws: str) -> None:
    """Put the result on the row; who must know of flaws is told by mail."""
    BackupRun.objects.filter(pk=row.pk).update(
        verified_at=timezone.now(),
        verify_failure=flaws,
        unread_failure="",
        updated_at=timezone.now(),
    )
    if flaws:
        letters.owe(row)


def _in_turn(on_progress: OnProgress, number: int, count: int) -> OnProgress:
    """Tell of one of several pieces of work, the first of which has the number 0."""
    return lambda share: on_progress((number + share) / count)


class _Verification:
    def __init__(
        self,
        manifest: Manifest,
        destination: Destination,
        identities: Sequence[Any],
        verdict: Verdict,
        on_progress: OnProgress,
        signers: Collection[str] | None,
    ) -> None:
        self.signers = signers
        self.manifest = manifest
        self.destination = destination
        self.identities = identities
        self.verdict = verdict
        self.on_progress = on_progress
        self.total_bytes = sum(part.size for part in manifest.parts) or 1
        if verdict.is_deep:
            self.total_bytes += manifest.media_bytes  # as stored they are a little longer
        self.done_bytes = 0

    def run(self) -> None:
        for part in self.manifest.parts:
            self._check_part(part)
        self._check_media()
        self.on_progress(1.0)

    def _check_part(self, part: Part) -> None:
        """Check a part; nothing reads what is in it before its signed hash was seen to be right."""
        if part.name != MEDIA_INDEX and self.identities:
            try:
                flaw = self._flaw_inside(part)
            except PartDamaged as error:
                if not self._check_file(part.path, stored=(part.size, part.sha256)):
                    self.verdict.add(part.path, "wrong_hash", error.message)
                return
            self._told(part.size)
            if flaw is not None:
                self.verdict.add(flaw.path, flaw.code, flaw.message)
            return
        self._check_file(part.path, stored=(part.size, part.sha256))

    def _flaw_inside(self, part: Part) -> Flaw | None:
        """Decrypt a part that is what was signed.

        Raises:
            PartDamaged: it is not, or was changed while it was read.
        """
        read = contents.read_configuration
        if part.name == DATABASE:
            made_by = self.manifest.versions.get("pg_dump", "")
            read = partial(contents.read_dump, made_by=made_by)
        plain = (part.plain_size, part.plain_sha256)
        with open_signed(self.destination, part.path, size=part.size, sha256=part.sha256) as file:
            return self._decrypted_flaw(part.path, file, plain, read)

    def _check_media(self) -> None:
        """Look for each medium of the index; the index was checked before, piece by piece."""
        pieces = {part.path for part in self.manifest.index_parts}
        if any(flaw.path in pieces for flaw in self.verdict.flaws):
            return  # which says enough
        try:
            known = KnownMedia(indexes.entries(self.destination, self.manifest))
        except PartDamaged as error:
            self.verdict.add(folder(self.manifest.run), error.code, error.message)
            return
        self.verdict.media_count = len(known)
        others: dict[str, _Seen] = {}
        if self.verdict.is_deep:
            for key in known:
                self._read_medium(known[key], others)
        else:
            listed = ((media_key(at.path), at.size) for at in self.destination.walk(MEDIA))
            lying = known.of_those(listed)
            for key in known:
                if key not in lying:
                    self._look_up(known[key], others)
        self._judge(others, known)

    def _look_up(self, entry: MediaEntry, others: dict[str, "_Seen"]) -> None:
        found = self.destination.find(entry.path)
        if found is None:
            self._missing(entry.path)
        elif found.size != entry.stored_size:
            others[entry.key] = _Seen(found.size)

    def _read_medium(self, entry: MediaEntry, others: dict[str, "_Seen"]) -> None:
        """Read a medium; with a key it is judged by what is in it, as a restore does."""
        try:
            file = self.destination.open(entry.path)
        except FileNotFoundError:
            self._missing(entry.path)
            return
        flaw = None
        with file:
            source = _Told(file, self._told)
            if self.identities:
                flaw = self._decrypted_flaw(entry.path, source, (entry.size, entry.sha256))
            while source.read(CHUNK_BYTES):
                pass
        if (source.size, source.sha256) != (entry.stored_size, entry.stored_sha256):
            if flaw is not None or not self.identities:
                others[entry.key] = _Seen(source.size, source.sha256, flaw)
        elif flaw is not None:
            self.verdict.add(flaw.path, flaw.code, flaw.message)
            if flaw.code not in OF_WHO_ASKS:
                self._bad(entry.key)

    def _judge(self, others: dict[str, "_Seen"], known: KnownMedia) -> None:
        """Tell media that were sent a second time, as the index of another run says, from damage.

        Args:
            others: files that are not those of this run, by the key of their medium.
            known: the media of this run.
        """
        if not others:
            return
        runs = catalogue.survey(self.destination, signers=self.signers).runs
        for entry in indexes.of_runs(self.destination, runs):
            seen = others.get(entry.key)
            if seen is None or not seen.is_file_of(entry):
                continue
            mine = known[entry.key]
            if (entry.size, entry.sha256) == (mine.size, mine.sha256):
                del others[entry.key]
                if seen.flaw is not None:
                    self.verdict.add(seen.flaw.path, seen.flaw.code, seen.flaw.message)
        for key, seen in others.items():
            self._not_the_file(known[key].path, seen.size, known[key].stored_size)
            self._bad(key)

    def _bad(self, key: str) -> None:
        if len(self.verdict.bad_media) < bad_media.NOTED_MAX:
            self.verdict.bad_media.append(key)

    def _check_file(self, path: str, *, stored: tuple[int, str]) -> bool:
        """Compare the size and the hash of a file; whether something is wrong."""
        try:
            file = self.destination.open(path)
        except FileNotFoundError:
            self._missing(path)
            return True
        with file:
            source = _Told(file, self._told)
            while source.read(CHUNK_BYTES):
                pass
        if (source.size, source.sha256) == stored:
            return False
        self._not_the_file(path, source.size, stored[0])
        return True

    def _decrypted_flaw(
        self,
        path: str,
        source: Source,
        expected: tuple[int, str],
        read: Callable[[Source], None] | None = None,
    ) -> Flaw | None:
        try:
            with closing(encryption.decrypt(source, self.identities)) as opened:
                plain = SourceMeter(opened)
                if read is not None:
                    read(plain)
                while plain.read(CHUNK_BYTES):
                    pass
        except (encryption.CanNotDecrypt, contents.Unreadable) as error:
            return Flaw(path, error.code, f"{path}: {error.message}")
        if plain.size != expected[0]:
            message = f"{path}: decrypted it has {plain.size} bytes, not {expected[0]}."
            return Flaw(path, "wrong_plain_size", message)
        if plain.sha256 != expected[1]:
            message = f"{path}: decrypted it is not what was backed up."
            return Flaw(path, "wrong_plain_hash", message)
        return None

    def _missing(self, path: str) -> None:
        self.verdict.add(path, "missing", f"{path} is missing.")

    def _not_the_file(self, path: str, size: int, expected: int) -> None:
        if size != expected:
            self.verdict.add(path, "wrong_size", f"{path} has {size} bytes, not {expected}.")
        else:
            self.verdict.add(path, "wrong_hash", f"{path} is not the file that was written.")

    def _told(self, count: int) -> None:
        self.done_bytes += count
        self.on_progress(min(1.0, self.done_bytes / self.total_bytes))


@dataclass(frozen=True, slots=True)
class _Seen:
    """A file that is not the one of a run's index.

    Attributes:
        size, sha256: its own; the latter is "" if it was not read.
        flaw: what is wrong with its content, if that was looked at.
    """

    size: int
    sha256: str = ""
    flaw: Flaw | None = None

    def is_file_of(self, entry: MediaEntry) -> bool:
        """Whether another index has it."""
        return self.size == entry.stored_size and self.sha256 in {"", entry.stored_sha256}


class _Told(SourceMeter):
    """A meter that tells of each chunk."""

    def __init__(self, source: Source, tell: Callable[[int], None]) -> None:
        super().__init__(source)
        self._tell = tell

    def read(self, size: int = CHUNK_BYTES, /) -> bytes:
        """Read on."""
        chunk = super().read(size)
        self._tell(len(chunk))
        return chunk
