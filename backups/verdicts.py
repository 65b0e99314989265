"""What a verification has found out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

LISTED_FLAWS: Final = 100
# Another key, another list of signers, an older program: the same backup is whole to somebody else.
OF_WHO_ASKS: Final = {"wrong_identity", "signer_unknown", "manifest_too_new"}


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with one file of a backup.

    Attributes:
        path: the file, at the destination.
        code: `missing`, `wrong_size`, `wrong_hash`, `wrong_plain_size`, `wrong_plain_hash`,
            `unreadable_dump`, `unreadable_configuration`, `part_damaged`; of the manifest
            `manifest_forged`, `signer_unknown`, `manifest_unreadable`, `manifest_too_new`;
            of what is encrypted `wrong_identity`, `not_encrypted`, `damaged`.
        message: a sentence that names the file.
    """

    path: str
    code: str
    message: str


@dataclass
class Verdict:
    """What was found out about a run at one destination.

    Attributes:
        run, destination: their names.
        flaws: the first hundred, and the first hundred `OF_WHO_ASKS`.
        flaw_count: all of them.
        asker_count: those of them that are `OF_WHO_ASKS`.
        bad_media: keys of the media that are damaged, a thousand at most.
        media_count: media that were looked for.
        is_decrypted: whether identities were given, and contents looked at.
        is_deep: whether every medium was read to its end.
    """

    run: str
    destination: str
    is_decrypted: bool
    is_deep: bool
    flaws: list[Flaw] = field(default_factory=list)
    flaw_count: int = 0
    asker_count: int = 0
    media_count: int = 0
    bad_media: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.flaw_count

    def add(self, path: str, code: str, message: str) -> None:
        """Put a flaw down."""
        self.flaw_count += 1
        self.asker_count += code in OF_WHO_ASKS
        alike = self.asker_count if code in OF_WHO_ASKS else self.flaw_count - self.asker_count
        if alike <= LISTED_FLAWS:
            self.flaws.append(Flaw(path, code, message))

    def in_words(self) -> str:
        """What is wrong, a sentence a line; empty if nothing is."""
        return self._said(self.flaws, self.flaw_count)

    def damage_in_words(self) -> str:
        """The same, without what is `OF_WHO_ASKS`."""
        flaws = [flaw for flaw in self.flaws if flaw.code not in OF_WHO_ASKS]
        return self._said(flaws, self.flaw_count - self.asker_count)

    def _said(self, flaws: Sequence[Flaw], count: int) -> str:
        lines = [f"{self.destination}: {flaw.message}" for flaw in flaws]
        if (more := count - len(lines)) > 0:
            lines.append(f"{self.destination}: and {more} more.")
        return "\n".join(lines)
