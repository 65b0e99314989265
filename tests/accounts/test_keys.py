"""The keys that sign tokens: made once, closed to others, renewed without anybody being put out."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jwt
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts import keys
from tests.accounts.factories import PASSWORD, MembershipFactory

YEAR_S = 365 * 24 * 3600.0


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.JWT_PRIVATE_KEYS = ""
    settings.JWT_KEYS_DIR = tmp_path / "keys"
    return tmp_path / "keys"


def test_the_first_key_is_made_when_it_is_needed_and_closed_to_others(folder: Path) -> None:
    key = keys.signing_key()

    [file] = folder.glob("*.pem")
    assert file.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert keys.signing_key() == key


def test_processes_that_start_together_make_one_key(folder: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        kids = {key.kid for key in pool.map(lambda _: keys.signing_key(), range(8))}

    assert len(kids) == 1


def test_a_new_key_signs_and_the_old_one_still_verifies(folder: Path) -> None:
    old = keys.signing_key()

    new, dropped = keys.rotate(keep_for_s=YEAR_S)

    assert keys.signing_key().kid == new.kid
    assert keys.verifying_key(old.kid) is not None
    assert dropped == []


def test_a_key_is_dropped_once_no_token_of_it_can_be_valid(folder: Path) -> None:
    oldest = keys.signing_key()
    older, _ = keys.rotate(keep_for_s=YEAR_S)
    for years, file in zip((2, 1), sorted(folder.glob("*.pem")), strict=True):
        file.rename(folder / f"{int(file.stem) - int(years * YEAR_S * 1e6):020d}.pem")

    newest, dropped = keys.rotate(keep_for_s=YEAR_S / 2)

    assert dropped == [oldest.kid]
    assert [key.kid for key in keys.key_ring()] == [newest.kid, older.kid]


def test_keys_of_the_environment_are_not_ours_to_change(settings: Settings) -> None:
    settings.JWT_PRIVATE_KEYS = "given"

    with pytest.raises(keys.KeysInEnvironment):
        keys.rotate(keep_for_s=0)


@pytest.mark.parametrize("text", ["nonsense", "-----BEGIN PRIVATE KEY-----\nAAAA"])
def test_a_key_that_cannot_be_read_is_said_to_be_so(settings: Settings, text: str) -> None:
    settings.JWT_PRIVATE_KEYS = text

    with pytest.raises(ImproperlyConfigured):
        keys.signing_key()


@pytest.mark.django_db
def test_anybody_can_check_our_tokens_with_the_published_keys(folder: Path) -> None:
    user = MembershipFactory.create().user
    credentials = {"username": user.username, "password": PASSWORD}
    token = APIClient().post("/api/v1/auth/login", credentials, "json").json()["access_token"]

    published: dict[str, Any] = Client().get("/.well-known/jwks.json").json()

    kid = jwt.get_unverified_header(token)["kid"]
    [jwk] = [jwk for jwk in published["keys"] if jwk["kid"] == kid]
    assert "d" not in jwk
    claims = jwt.decode(token, jwt.PyJWK(jwk).key, algorithms=["ES256"])
    assert claims["sub"] == str(user.pk)


@pytest.mark.django_db
@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_token_of_another_algorithm_opens_nothing(folder: Path, algorithm: str) -> None:
    kid = keys.signing_key().kid
    public = os.urandom(32) if algorithm == "HS256" else ""
    forged = jwt.encode({"sid": "x"}, public, algorithm=algorithm, headers={"kid": kid})

    response = Client().get("/api/v1/contents", headers={"Authorization": f"Bearer {forged}"})

    assert response.status_code == 401
