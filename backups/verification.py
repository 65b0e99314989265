"""Is a backup still what was made: every part of it there, unchanged, and, with a key, readable."""

from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from backups import catalogue, contents, encryption, indexes, tasks
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
from backups.verdicts import Flaw, Verdict
from vertexar.errors import NotThere
from vertexar.queue import wake

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
    _Verification(manifest, destination, identities, verdict, on_progress).run()
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
    if failure is not None:
        raise failure
    if not verdicts:
        raise NotThere(f"No destination has a backup {run}.", code="no_such_backup")
    return verdicts


@transaction.atomic
def _write_down(row: BackupRun, flaws: str) -> None:
    """Put the result on the row; who must know of flaws is told by mail."""
    BackupRun.objects.filter(pk=row.pk).update(
        verified_at=timezone.now(), verify_failure=flaws, updated_at=timezone.now()
    )
    if flaws:
        wake(tasks.tell_of_failure, row)


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
    ) -> None:
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
        listed = ((media_key(at.path), at.size) for at in self.destination.walk(MEDIA))
        lying = known.of_those(listed)
        for key in known:
            if key not in lying:
                self._say_what_lies_there(known[key])
            elif self.verdict.is_deep:
                self._check_medium(known[key])

    def _say_what_lies_there(self, entry: MediaEntry) -> None:
        found = self.destination.find(entry.path)
        if found is None:
            self.verdict.add(entry.path, "missing", f"{entry.path} is missing.")
        elif found.size != entry.stored_size:
            self._wrong_size(entry.path, found.size, entry.stored_size)

    def _check_medium(self, entry: MediaEntry) -> None:
        self._check_file(
            entry.path,
            stored=(entry.stored_size, entry.stored_sha256),
            plain=(entry.size, entry.sha256),
        )

    def _check_file(
        self, path: str, *, stored: tuple[int, str], plain: tuple[int, str] | None = None
    ) -> bool:
        """Read a file once, for all there is to know about it.

        Args:
            path: at the destination.
            stored: size and hash of the file.
            plain: size and hash of what is in it; it is decrypted if identities are given. None: it
                is not looked at.

        Returns:
            Whether something is wrong.
        """
        try:
            file = self.destination.open(path)
        except FileNotFoundError:
            self.verdict.add(path, "missing", f"{path} is missing.")
            return True
        with file:
            source = _Told(file, self._told)
            flaw: Flaw | None = None
            if plain is not None and self.identities:
                flaw = self._decrypted_flaw(path, source, plain)
            while source.read(CHUNK_BYTES):  # what the decryption did not need or could not read
                pass
        if source.size != stored[0]:
            self._wrong_size(path, source.size, stored[0])
        elif source.sha256 != stored[1]:
            self.verdict.add(path, "wrong_hash", f"{path} is not the file that was written.")
        elif flaw is not None:  # of a file that is damaged it says nothing new
            self.verdict.add(flaw.path, flaw.code, flaw.message)
        else:
            return False
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

    def _wrong_size(self, path: str, size: int, expected: int) -> None:
        self.verdict.add(path, "wrong_size", f"{path} has {size} bytes, not {expected}.")

    def _told(self, count: int) -> None:
        self.done_bytes += count
        self.on_progress(min(1.0, self.done_bytes / self.total_bytes))


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
