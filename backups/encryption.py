"""Encryption in the age format: files that the public `age` tool opens as well.

The server knows recipients (`age1…`) alone and can write but not read; whoever restores brings
identities (`AGE-SECRET-KEY-1…`). The format: https://age-encryption.org/v1.
"""

from collections.abc import Iterable, Sequence
from typing import BinaryIO

import pyrage  # type: ignore[import-untyped]
from pyrage.x25519 import Identity, Recipient  # type: ignore[import-untyped]

from backups.streams import Sink, Source, pumped
from vertexar.errors import DomainError

FIRST_LINE = b"age-encryption.org/v1\n"
KEYGEN_HINT = "`manage.py backup_keygen` makes a key pair."


class BadKey(DomainError):
    """What should be a recipient or an identity is none."""

    code = "bad_backup_key"


class CanNotDecrypt(DomainError):
    """Bytes that should be encrypted for us can't be opened, or were changed."""

    code = "damaged"


class WrongIdentity(CanNotDecrypt):
    """They are encrypted for others."""

    code = "wrong_identity"


class NotEncrypted(CanNotDecrypt):
    """They are not in the age format at all."""

    code = "not_encrypted"


def generate() -> tuple[str, str]:
    """Make a key pair: the identity, which is secret, and its recipient."""
    identity = Identity.generate()
    return str(identity), str(identity.to_public())


def parse_recipients(texts: Iterable[str]) -> list[Recipient]:
    """Read age recipients, `age1…` each.

    Raises:
        BadKey: one is none, or it is of a plug-in; or there are none.
    """
    recipients = []
    for text in texts:
        try:
            recipients.append(Recipient.from_str(text.strip()))
        except pyrage.RecipientError as error:
            shown = "a secret key" if "SECRET" in text.upper() else repr(text)
            raise BadKey(f"{shown} is not an age recipient.", hint=KEYGEN_HINT) from error
    if not recipients:
        raise BadKey("There is nobody to encrypt for.", hint=KEYGEN_HINT)
    return recipients


def parse_identities(text: str) -> list[Identity]:
    """Read the text of an age identity file: an identity a line, `#` begins a comment.

    Raises:
        BadKey: a line is none, or there are none. The message never has the line's text.
    """
    identities = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            identities.append(Identity.from_str(line.strip()))
        except pyrage.IdentityError as error:
            raise BadKey(f"Line {number} is not an age identity.", hint=KEYGEN_HINT) from error
    if not identities:
        raise BadKey("There is no age identity.", hint=KEYGEN_HINT)
    return identities


def recipient_of(identity: Identity) -> str:
    """The public half, `age1…`."""
    return str(identity.to_public())


def encrypt(source: Source, sink: Sink, recipients: Sequence[Recipient]) -> None:
    """Encrypt all of a source; the sink gets 64 KiB at a time.

    What the source or the sink raises is raised as it was.
    """
    reading, writing = _Reading(source), _Writing(sink)
    try:
        pyrage.encrypt_io(reading, writing, recipients)
    except (pyrage.EncryptError, OSError):
        _raise_first(reading.failure, writing.failure)
        raise


def decrypt(source: Source, identities: Sequence[Identity]) -> BinaryIO:
    """Read the plain bytes of an encrypted source, which a thread decrypts as they are read.

    Nothing is handed out that was not authenticated. Only who reads to the end knows that nothing
    is missing: a source cut short raises there. Closing ends the thread; it does not close the
    source.

    Raises (when read):
        WrongIdentity: encrypted for others.
        NotEncrypted: not in the age format.
        CanNotDecrypt: a byte is wrong, or the end is missing.
    """
    return pumped(lambda sink: _decrypt(source, sink, identities))


def _decrypt(source: Source, sink: Sink, identities: Sequence[Identity]) -> None:
    reading, writing = _Reading(source), _Writing(sink)
    try:
        pyrage.decrypt_io(reading, writing, identities)
    except (pyrage.DecryptError, OSError) as error:
        _raise_first(reading.failure, writing.failure)
        raise _named(error, reading.head) from error


def _named(error: Exception, head: bytes) -> CanNotDecrypt:
    if not head.startswith(FIRST_LINE):
        return NotEncrypted("This is not encrypted with age.")
    if "No matching keys" in str(error):
        hint = (
            "Use the identity of one of the recipients of then; an identity file may hold several,"
            " a line each."
        )
        return WrongIdentity(
            "This is encrypted for others, or its beginning is damaged.", hint=hint
        )
    return CanNotDecrypt("This was encrypted with age, and was changed or cut short since.")


def _raise_first(*failures: BaseException | None) -> None:
    for failure in failures:
        if failure is not None:
            raise failure


class _Reading:
    """A source whose own failure is not lost on its way through the library."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.head = b""
        self.failure: BaseException | None = None

    def read(self, size: int, /) -> bytes:
        try:
            chunk = self._source.read(size)
        except BaseException as error:
            self.failure = error
            raise
        if len(self.head) < len(FIRST_LINE):
            self.head += chunk[: len(FIRST_LINE)]
        return chunk


class _Writing:
    """A sink whose own failure is not lost on its way through the library."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.failure: BaseException | None = None

    def write(self, chunk: bytes, /) -> int:
        try:
            return self._sink.write(chunk)
        except BaseException as error:
            self.failure = error
            raise

    def flush(self) -> None:
        """The sink's owner flushes."""
