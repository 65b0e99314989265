"""Who follows docs/deployment.md has backups that somebody can read, and a drill that can, too."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from backups import encryption

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "docs" / name for name in ("deployment.md", "deployment.ru.md")]
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
# In place of Docker: makes keys in this process's place, and reads what lies in the volume.
DOCKER = """#!/bin/sh
for last; do :; done
case "$*" in
    *" manage backup_keygen "*)
        cd "$CLONE" && exec "$PYTHON" manage.py backup_keygen "$VOLUME$last" ;;
    *" sh -c "*) eval "$(printf %s "$last" | sed "s|/data/|$VOLUME/data/|g")" ;;
    *) echo "not expected: $*" >&2; exit 1 ;;
esac
"""


def blocks(page: Path) -> list[str]:
    """What is to be typed in the section on backups."""
    [section] = re.findall(
        r"^## 6\..*?(?=^## )", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    return BLOCK.findall(section)


def test_both_keys_are_made_and_named_by_what_is_typed(tmp_path: Path) -> None:
    [typed] = {blocks(page)[0] for page in PAGES}
    (tmp_path / "data").mkdir()
    (tmp_path / "docker").mkdir()
    shutil.copy(ROOT / "docker" / "make_secrets.sh", tmp_path / "docker")
    subprocess.run(["docker/make_secrets.sh"], cwd=tmp_path, check=True, capture_output=True)
    docker = tmp_path / "docker" / "docker"
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    (tmp_path / ".env").write_text("PUBLIC_HOST=ar.example.org\n")

    subprocess.run(
        ["sh", "-eu", "-c", typed],
        cwd=tmp_path,
        env={
            "PATH": f"{docker.parent}:{os.environ['PATH']}",
            "CLONE": str(ROOT),
            "PYTHON": sys.executable,
            "VOLUME": str(tmp_path),
            "VERTEXAR_HOME": str(tmp_path),
            "DJANGO_SETTINGS_MODULE": "config.settings.test",
            "DATABASE_URL": "postgresql://127.0.0.1:1/none",
        },
        check=True,
        capture_output=True,
    )

    identities = [tmp_path / "identity.txt", tmp_path / "docker/secrets/backup_drill_identity"]
    texts = [path.read_text() for path in identities]
    named = [re.findall(r"public key: (age1\w+)", text)[0] for text in texts]
    assert all(encryption.parse_identities(text) for text in texts)
    assert f"\nBACKUP_RECIPIENTS='{' '.join(named)}'\n" in (tmp_path / ".env").read_text()
    assert len(set(named)) == 2
    assert [path.stat().st_mode & 0o777 for path in identities] == [0o600, 0o644]
    assert list((tmp_path / "data").iterdir()) == []  # nothing stays where backups are


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_first_backup_comes_after_both_keys_and_the_drill_after_it(page: Path) -> None:
    keys, then = blocks(page)
    text = page.read_text(encoding="utf-8")

    typed = re.findall(r"^docker compose (\S+(?: --\w+| \w+ python manage\.py \w+))", then, re.M)
    assert typed == [
        "up --detach",
        "exec backup python manage.py backup",
        "exec drill python manage.py backup_drill",
        "exec backup python manage.py backup_status",
    ]
    assert (
        text.index("docker/secrets/backup_destinations")
        < text.index(keys)
        < text.index("manage.py backup\n")
    )
    assert text.index("make images") < text.index("backup_keygen")
