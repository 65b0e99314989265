"""Who made a backup: Ed25519 signatures of manifests, and whose signatures count.

The installation's own key comes from BACKUP_SIGNING_KEY, else it lies in a file and is made when it
is first needed. A signature is a file of two lines, the signer and the signature in base64, so that
`openssl pkeyutl -verify -rawin` can check it without our code.
"""

import os
import re
from base64 import b64decode, b64encode
from collections.abc import Collection
from pathlib import Path
from tempfile import mkstemp
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from vertexar.errors import DomainError

PREFIX: Final = "vertexar-signer:"
FILE_NAME: Final = "backup-signing.pem"
SIGNER = re.compile(re.escape(PREFIX) + r"[A-Za-z0-9+/]{43}=")
SIGNED_BY = re.compile(rf"^#\s*signed by:\s*({SIGNER.pattern})\s*$", re.MULTILINE)


class NotSignedByUs(DomainError):
    """A manifest's signature is wrong (`manifest_forged`), or of a stranger (`signer_unknown`)."""

    code = "manifest_forged"


def own_signer() -> str:
    """This installation's public key, in text; its key is made if there is none.

    Raises:
        ImproperlyConfigured: the key can't be read.
    """
    return _in_text(_key(_given() or _read(key_file()) or _make(key_file())).public_key())


def has_own_key() -> bool:
    """Whether this installation has a key to sign with; makes none.

    Raises:
        ImproperlyConfigured: the key can't be read.
    """
    return bool(_given() or _read(key_file()))


def trusted() -> frozenset[str]:
    """Whose runs count here: our own and those of BACKUP_TRUSTED_SIGNERS. Makes no key.

    Raises:
        ImproperlyConfigured: the key or one of the signers can't be read.
    """
    signers = set(settings.BACKUP_TRUSTED_SIGNERS)
    for signer in signers:
        if not SIGNER.fullmatch(signer):
            raise ImproperlyConfigured(f"BACKUP_TRUSTED_SIGNERS: “{signer}” is no public key.")
    if pem := _given() or _read(key_file()):
        signers.add(_in_text(_key(pem).public_key()))
    return frozenset(signers)


def signers_in(identities: str) -> frozenset[str]:
    """The signers that an identity file made by `backup_keygen` names."""
    return frozenset(SIGNED_BY.findall(identities))


def sign(data: bytes) -> bytes:
    """Sign some bytes; what comes back is what the `.sig` file holds.

    Raises:
        ImproperlyConfigured: the key can't be read.
    """
    key = _key(_given() or _read(key_file()) or _make(key_file()))
    return _signature(key.public_key(), key.sign(data))


def check(data: bytes, signature: bytes, *, signers: Collection[str]) -> str:
    """Check a signature.

    Args:
        data: what was signed.
        signature: the `.sig` file.
        signers: public keys, in text, any of which may have signed.

    Returns:
        Who signed.

    Raises:
        NotSignedByUs: nobody signed these bytes, or somebody who is not among the signers.
    """
    try:
        signer, encoded, end = signature.decode("ascii").split("\n")
        public = Ed25519PublicKey.from_public_bytes(
            b64decode(signer.removeprefix(PREFIX), validate=True)
        )
        raw = b64decode(encoded, validate=True)
        public.verify(raw, data)
    except (ValueError, InvalidSignature) as error:
        raise NotSignedByUs("The signature does not belong to the manifest.") from error
    if end or signature != _signature(public, raw):  # base64 has several ways to say the same
        raise NotSignedByUs("The signature is not as we write it.")
    if signer not in signers:
        raise NotSignedByUs(
            f"It is signed by {signer}, who is not trusted here.",
            code="signer_unknown",
            hint="If that is an installation of yours, add it to BACKUP_TRUSTED_SIGNERS.",
        )
    return signer


def key_file() -> Path:
    """Where the key lies if the environment does not give it."""
    home: Path = settings.VERTEXAR_HOME
    return home / FILE_NAME


def _given() -> bytes:
    pem: str = settings.BACKUP_SIGNING_KEY
    return pem.encode()


def _read(file: Path) -> bytes:
    """A key file's bytes; none if there is no such file."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return b""


def _make(file: Path) -> bytes:
    """Make a key, unless another process is faster: then that one's key is ours."""
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    number, part = mkstemp(dir=file.parent, prefix=".part-")  # 0600
    try:
        with os.fdopen(number, "wb") as stream:
            stream.write(pem)
            stream.flush()
            os.fsync(stream.fileno())
        os.link(part, file)  # whole or not there, and never over another
    except FileExistsError:
        return file.read_bytes()
    finally:
        Path(part).unlink()
    return pem


def _key(pem: bytes) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise ImproperlyConfigured(f"The key that signs backups can't be read: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ImproperlyConfigured("The key that signs backups must be of Ed25519.")
    return key


def _signature(signer: Ed25519PublicKey, raw: bytes) -> bytes:
    """What a `.sig` file holds."""
    return f"{_in_text(signer)}\n{b64encode(raw).decode('ascii')}\n".encode("ascii")


def _in_text(key: Ed25519PublicKey) -> str:
    return PREFIX + b64encode(key.public_bytes_raw()).decode("ascii")
