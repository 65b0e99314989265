"""The key ring that signs API tokens: ES256, the newest key signs, older ones still verify.

Keys come from JWT_PRIVATE_KEYS where several machines serve, else they lie in JWT_KEYS_DIR, one PEM
file each, named by when they were made. A file is only ever added or removed, never rewritten.
"""

import fcntl
import hashlib
import json
import os
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from jwt.algorithms import ECAlgorithm

ALGORITHM: Final = "ES256"
PEM_END: Final = "-----END PRIVATE KEY-----"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key pair.

    Attributes:
        kid: its name in a token's header: the thumbprint of the public key, RFC 7638.
        made_at: seconds since 1970; 0 if it is not known.
        private: the key itself.
    """

    kid: str
    made_at: int
    private: ec.EllipticCurvePrivateKey

    def as_jwk(self) -> dict[str, Any]:
        """The public half, as `/.well-known/jwks.json` lists it (RFC 7517)."""
        return _public_jwk(self.private) | {"kid": self.kid, "use": "sig", "alg": ALGORITHM}


class KeysInEnvironment(Exception):
    """The keys are given by JWT_PRIVATE_KEYS, and only whoever gives them can change them."""


def signing_key() -> SigningKey:
    """The key that signs now; the first one is made if there is none.

    Raises:
        ImproperlyConfigured: a key can't be read.
    """
    return key_ring()[0]


def verifying_key(kid: str) -> SigningKey | None:
    """The key of that name, if it is on the ring."""
    return next((key for key in key_ring() if key.kid == kid), None)


def key_ring() -> tuple[SigningKey, ...]:
    """All keys, the newest first; the first one is made if there is none.

    Raises:
        ImproperlyConfigured: a key can't be read.
    """
    if settings.JWT_PRIVATE_KEYS:
        return _from_text(settings.JWT_PRIVATE_KEYS)
    folder: Path = settings.JWT_KEYS_DIR
    return _from_files(tuple(_files(folder) or [_make_first(folder)]))


def rotate(*, keep_for_s: float) -> tuple[SigningKey, list[str]]:
    """Make a new key that signs from now on, and drop those that no valid token can need.

    Args:
        keep_for_s: how long tokens of the longest kind hold: so long after its successor was made,
            a key is dropped.

    Returns:
        The new key and the names of those dropped.

    Raises:
        KeysInEnvironment: they are not ours to change.
    """
    if settings.JWT_PRIVATE_KEYS:
        raise KeysInEnvironment
    folder: Path = settings.JWT_KEYS_DIR
    with _locked(folder):
        new = _write_new(folder)
        dropped = []
        files = _files(folder)  # newest first: each one's successor stands before it
        for successor, file in pairwise(files):
            if _made_at(successor) + keep_for_s < time.time():
                dropped.append(_read(file).kid)
                file.unlink()
    return _read(new), dropped


def _files(folder: Path) -> list[Path]:
    """Key files, newest first."""
    return sorted(folder.glob("*.pem"), reverse=True)


def _make_first(folder: Path) -> Path:
    with _locked(folder):
        files = _files(folder)  # another process may have been faster
        return files[0] if files else _write_new(folder)


class _locked:  # noqa: N801  reads as a function
    """One process at a time changes a folder of keys."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.file = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)

    def __enter__(self) -> None:
        fcntl.flock(self.file, fcntl.LOCK_EX)

    def __exit__(self, *reason: object) -> None:
        os.close(self.file)


def _write_new(folder: Path) -> Path:
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = folder / f"{time.time_ns() // 1000:020d}.pem"
    part = path.with_suffix(".part")
    file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "wb") as stream:
        stream.write(pem)
        stream.flush()
        os.fsync(stream.fileno())
    part.rename(path)  # whole or not there
    return path


@lru_cache(maxsize=4)
def _from_text(pems: str) -> tuple[SigningKey, ...]:
    blocks = [block.strip() for block in pems.split(PEM_END) if block.strip()]
    return tuple(_key(f"{block}\n{PEM_END}\n".encode(), made_at=0) for block in blocks)


@lru_cache(maxsize=4)
def _from_files(files: tuple[Path, ...]) -> tuple[SigningKey, ...]:
    return tuple(_read(file) for file in files)


def _read(file: Path) -> SigningKey:
    return _key(file.read_bytes(), made_at=_made_at(file))


def _made_at(file: Path) -> int:
    return int(file.stem) // 1_000_000


def _key(pem: bytes, *, made_at: int) -> SigningKey:
    try:
        private = serialization.load_pem_private_key(pem, password=None)
    except ValueError as error:
        raise ImproperlyConfigured(f"A key for tokens can't be read: {error}") from error
    if not isinstance(private, ec.EllipticCurvePrivateKey) or private.curve.name != "secp256r1":
        raise ImproperlyConfigured("A key for tokens must be one of the curve P-256.")
    return SigningKey(_thumbprint(private), made_at, private)


def _public_jwk(private: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    jwk = ECAlgorithm.to_jwk(private.public_key(), as_dict=True)
    return {name: jwk[name] for name in ("crv", "kty", "x", "y")}


def _thumbprint(private: ec.EllipticCurvePrivateKey) -> str:
    """RFC 7638: the hash of the required members, sorted, without blanks."""
    members = json.dumps(_public_jwk(private), sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(members.encode("ascii")).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
