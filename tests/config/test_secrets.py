"""Every secret may come from a file, as Docker, Kubernetes and Vault hand them out."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documents import SECRETS, explained_variables

ROOT = Path(__file__).parents[2]
ODD = "$tart \\$ 'mid\" %40 #end="  # what a generator of passwords may well make
PEM = "-----BEGIN PRIVATE KEY-----\nabc\ndef\n-----END PRIVATE KEY-----"
# What each file holds, where that is not just any text, and what the settings make of it.
GIVEN = {
    "DATABASE_URL": "postgresql://me:pa%24s@db.test:5433/ar",
    "REDIS_URL": "rediss://:pa%24s@cache.test:6380/2",
    "EMAIL_URL": "smtp+tls://me:pa%24s@mail.test:587",
    "OPENID_PROVIDERS": '[{"id": "firm", "secret": "$ecret"}]',
    "JWT_PRIVATE_KEYS": PEM,
    "SECRET_KEY_FALLBACKS": "$one two\nthree",
    "SENTRY_DSN": "https://$ecret@errors.test/1",
    "BACKUP_DESTINATIONS": "s3://key:pa%24s@bucket/prefix",
    "BACKUP_SIGNING_KEY": PEM,
}
SEEN = {
    "DATABASE_URL": "s.DATABASES['default']['PASSWORD']",
    "EMAIL_URL": "s.EMAIL_HOST_PASSWORD",
    "AWS_ACCESS_KEY_ID": "s.STORAGES['default']['OPTIONS']['access_key']",
    "AWS_SECRET_ACCESS_KEY": "s.STORAGES['default']['OPTIONS']['secret_key']",
    "AWS_SESSION_TOKEN": "s.STORAGES['default']['OPTIONS']['security_token']",
}
EXPECTED = {
    "DATABASE_URL": "pa$s",
    "EMAIL_URL": "pa$s",
    "OPENID_PROVIDERS": [{"id": "firm", "secret": "$ecret"}],
    "SECRET_KEY_FALLBACKS": ["$one", "two", "three"],
    "BACKUP_DESTINATIONS": ["s3://key:pa%24s@bucket/prefix"],
}
SECRET_NAME = re.compile(r"SECRET|PASSWORD|TOKEN|PRIVATE|DSN|IDENTITY|SIGNING_KEY|ACCESS_KEY")
NO_SECRET = {"PASSWORD_MIN_LENGTH", "PASSWORD_RESET_MINUTES"}


def loaded(home: Path, ask: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", f"import json\nfrom config.settings import base as s\n{ask}"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "VERTEXAR_HOME": str(home), **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_every_secret_may_come_from_a_file_with_any_sign_in_it(tmp_path: Path) -> None:
    names = sorted(SECRETS & explained_variables())
    environ = {"AWS_STORAGE_BUCKET_NAME": "pictures"}
    for name in names:
        file = tmp_path / name.lower()
        file.write_text(GIVEN.get(name, ODD) + "\n")
        environ[f"{name}_FILE"] = str(file)
    asked = ", ".join(f"{name!r}: {SEEN.get(name, f's.{name}')}" for name in names)

    done = loaded(tmp_path, f"print(json.dumps({{{asked}}}))", **environ)

    assert done.returncode == 0, done.stderr
    expected = {name: EXPECTED.get(name, GIVEN.get(name, ODD)) for name in names}
    assert json.loads(done.stdout) == expected


def test_backups_find_the_keys_of_buckets_in_the_same_files(tmp_path: Path) -> None:
    given = {
        "AWS_ACCESS_KEY_ID": "s.BACKUP_S3_ACCESS_KEY",
        "AWS_SECRET_ACCESS_KEY": "s.BACKUP_S3_SECRET_KEY",
        "AWS_SESSION_TOKEN": "s.BACKUP_S3_SESSION_TOKEN",
        "AWS_S3_REGION_NAME": "s.BACKUP_S3_REGION",
    }
    for name in given:
        (tmp_path / name).write_text(f"the {name}\n")
    files = {f"{name}_FILE": str(tmp_path / name) for name in given}

    done = loaded(tmp_path, f"print(json.dumps([{', '.join(given.values())}]))", **files)

    assert json.loads(done.stdout) == [f"the {name}" for name in given]


def test_a_value_that_begins_with_a_dollar_names_no_other_variable(tmp_path: Path) -> None:
    done = loaded(tmp_path, "print(s.ADMIN_PASSWORD)", ADMIN_PASSWORD="$HOME", HOME="/nobody")

    assert done.stdout == "$HOME\n"


def test_a_file_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing"

    done = loaded(tmp_path, "pass", SECRET_KEY_FILE=str(missing))

    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert last.endswith(f"SECRET_KEY_FILE names {missing}: No such file or directory.")


@pytest.mark.parametrize("name", sorted(explained_variables()))
def test_what_is_called_like_a_secret_is_treated_as_one(name: str) -> None:
    assert (name in SECRETS) or name in NO_SECRET or not SECRET_NAME.search(name)


def test_no_secret_is_read_past_its_file() -> None:
    past = re.compile(r"""(?:environ\.get\(|environ\[|getenv\()\s*["']([A-Z0-9_]+)["']""")
    rooms = ("accounts", "arcontent", "backups", "config", "markers", "vertexar")
    code = "\n".join(path.read_text() for room in rooms for path in (ROOT / room).rglob("*.py"))

    assert not set(past.findall(code)) & SECRETS
