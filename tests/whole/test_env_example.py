"""`.env.example` names every variable that is read, and no other."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("accounts", "arcontent", "backups", "config", "markers", "vertexar")
READ = re.compile(
    r"""(?:env\.\w+\(|environ\.get\(|environ\[|getenv\()\s*["']([A-Z][A-Z0-9_]+)["']"""
)
NOT_FOR_OPERATORS = {
    "DJANGO_SETTINGS_MODULE",  # Django's own
    "PATH",
}


def test_every_variable_that_is_read_is_explained_and_no_other() -> None:
    code = "\n".join(path.read_text() for room in ROOMS for path in (ROOT / room).rglob("*.py"))
    explained = set(re.findall(r"^([A-Z][A-Z0-9_]*)=", (ROOT / ".env.example").read_text(), re.M))

    assert explained == set(READ.findall(code)) - NOT_FOR_OPERATORS


def test_no_secret_has_a_default() -> None:
    example = (ROOT / ".env.example").read_text()

    for name in ("SECRET_KEY", "ADMIN_PASSWORD", "AWS_SECRET_ACCESS_KEY", "DATABASE_URL"):
        assert re.search(rf"^{name}=$", example, re.M), name
