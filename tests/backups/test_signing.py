"""Signatures of manifests: whose count, and that a forged one does not."""

import subprocess
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from backups import signing

DATA = b'{"format":1}\n'


@pytest.fixture(autouse=True)
def home(settings: Settings, tmp_path: Path) -> Path:
    settings.VERTEXAR_HOME = tmp_path
    settings.BACKUP_SIGNING_KEY = ""
    settings.BACKUP_TRUSTED_SIGNERS = []
    return tmp_path


def pem_of(key: Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def test_what_is_signed_here_counts_here() -> None:
    signature = signing.sign(DATA)

    assert signing.check(DATA, signature, signers=signing.trusted()) == signing.own_signer()


def test_a_change_of_any_bit_of_the_signed_is_noticed() -> None:
    signature = signing.sign(DATA)
    for bit in range(len(DATA) * 8):
        flipped = bytearray(DATA)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(signing.NotSignedByUs):
            signing.check(bytes(flipped), signature, signers=signing.trusted())


def test_a_change_of_any_bit_of_the_signature_is_noticed() -> None:
    signature = signing.sign(DATA)
    for bit in range(len(signature) * 8):
        flipped = bytearray(signature)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(signing.NotSignedByUs):
            signing.check(DATA, bytes(flipped), signers=signing.trusted())


@pytest.mark.parametrize("signature", [b"", b"\n", b"\xff", b"a\nb\nc\n", b"\n\n\n"])
def test_nonsense_is_no_signature(signature: bytes) -> None:
    with pytest.raises(signing.NotSignedByUs) as caught:
        signing.check(DATA, signature, signers=signing.trusted())
    assert caught.value.code == "manifest_forged"


def test_a_strangers_signature_is_called_a_strangers(settings: Settings) -> None:
    settings.BACKUP_SIGNING_KEY = pem_of(Ed25519PrivateKey.generate())
    signature, stranger = signing.sign(DATA), signing.own_signer()
    settings.BACKUP_SIGNING_KEY = ""

    with pytest.raises(signing.NotSignedByUs) as caught:
        signing.check(DATA, signature, signers=signing.trusted())

    assert caught.value.code == "signer_unknown"
    assert stranger in caught.value.message
    settings.BACKUP_TRUSTED_SIGNERS = [stranger]
    assert signing.check(DATA, signature, signers=signing.trusted()) == stranger


def test_the_key_is_made_once_and_is_its_owners_alone(home: Path) -> None:
    signer = signing.own_signer()

    assert signing.own_signer() == signer
    assert signing.key_file().stat().st_mode & 0o777 == 0o600
    assert [file.name for file in home.iterdir()] == [signing.FILE_NAME]


def test_asking_who_is_trusted_makes_no_key(home: Path) -> None:
    assert signing.trusted() == frozenset()
    assert not list(home.iterdir())


def test_processes_that_start_at_once_end_up_with_one_key() -> None:
    with ThreadPoolExecutor(8) as threads:
        signers = list(threads.map(lambda _: signing.own_signer(), range(16)))
    assert len(set(signers)) == 1


@pytest.mark.parametrize(
    "pem",
    ["not a key", pem_of(ec.generate_private_key(ec.SECP256R1()))],
    ids=["nonsense", "another curve"],
)
def test_a_key_of_another_kind_is_refused(settings: Settings, pem: str) -> None:
    settings.BACKUP_SIGNING_KEY = pem
    with pytest.raises(ImproperlyConfigured):
        signing.sign(DATA)


def test_a_trusted_signer_that_is_none_is_refused(settings: Settings) -> None:
    settings.BACKUP_TRUSTED_SIGNERS = ["vertexar-signer:abc"]
    with pytest.raises(ImproperlyConfigured, match="vertexar-signer:abc"):
        signing.trusted()


def test_an_identity_file_names_who_signs() -> None:
    signer = signing.own_signer()
    text = f"# public key: age1x\n# signed by: {signer}\nAGE-SECRET-KEY-1X\n"

    assert signing.signers_in(text) == {signer}
    assert signing.signers_in("AGE-SECRET-KEY-1X\n") == set()


def test_openssl_checks_a_signature_without_our_code(tmp_path: Path) -> None:
    signer, encoded, _ = signing.sign(DATA).decode().split("\n")
    public = Ed25519PublicKey.from_public_bytes(b64decode(signer.removeprefix(signing.PREFIX)))
    files = {
        "signer.pem": public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
        "manifest.json": DATA,
        "raw.sig": b64decode(encoded),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    command = "openssl pkeyutl -verify -rawin -pubin -inkey signer.pem -in manifest.json"

    subprocess.run([*command.split(), "-sigfile", "raw.sig"], cwd=tmp_path, check=True)
