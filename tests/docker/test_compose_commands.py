"""What the documents tell people to type at Docker Compose, against the services that there are."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.docker.compose import system

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
COMMAND = re.compile(r"docker compose ([^`\n|;&>#]+)")
FILES = "COMPOSE_FILE=compose.yaml"
# What of a command takes services, and which of its options take a value of their own.
OF_SERVICES = {"up", "run", "exec", "logs", "restart", "stop", "start", "ps", "rm"}
WITH_VALUE = {"--since", "--tail", "--timeout", "--entrypoint", "--volume", "--user", "--env", "-e"}
OF_ONE = {"run", "exec"}  # what follows their service is the container's
PLACEHOLDER = re.compile(r"[A-Z]+")
MANAGED = re.compile(r"\bmanage(?:\.py)? (\w+)")
# What our own commands can't do without, or would do with another one.
NEEDS = {
    "backup": "backup_signing_key",
    "backup_drill": "backup_drill_identity",
    "backup_keygen": "backup_signing_key",  # the identity's file names the signer
    "create_admin": "admin_password",
    "restore": "backup_signing_key",  # for the copy that is made before
}
# What is looked for in a log, and who writes it.
LOGGED_BY = {"does not restore": "drill"}


def commands() -> list[tuple[str, str]]:
    """All of them, with the page each stands on."""
    pages = [*sorted(DOCS.rglob("*.md")), *sorted(ROOT.glob("*.md"))]
    return [
        (str(page.relative_to(ROOT)), text.strip())
        for page in pages
        for text in COMMAND.findall(page.read_text(encoding="utf-8"))
    ]


def services_of(command: str) -> list[str]:
    """The services that a command names."""
    word, *rest = command.split()
    if word not in OF_SERVICES:
        return []
    named = []
    words = iter(rest)
    for each in words:
        if each == "--scale":
            named.append(next(words).partition("=")[0])
        elif each in WITH_VALUE:
            next(words)
        elif not each.startswith("-"):
            named.append(each)
            if word in OF_ONE:
                break
    return [name for name in named if not PLACEHOLDER.fullmatch(name)]


def test_every_service_that_somebody_is_told_to_name_is_there() -> None:
    services = system()["services"]
    named = [(page, command, services_of(command)) for page, command in commands()]

    assert len(named) > 30
    assert not [told for told in named if not set(told[2]) <= set(services)]


def test_a_command_that_needs_a_secret_is_run_where_it_is() -> None:
    services = system()["services"]
    told = [
        (page, command, service, NEEDS[word])
        for page, command in commands()
        for word in MANAGED.findall(command)
        for service in services_of(command)
        if word in NEEDS
    ]

    assert {secret for *_where, secret in told} >= {NEEDS["backup"], NEEDS["backup_drill"]}
    assert not [each for each in told if each[3] not in services[each[2]]["secrets"]]


def test_what_is_looked_for_in_a_log_is_written_by_whom_it_is_looked_for() -> None:
    looked_for = [
        (page, found[1].split(), LOGGED_BY[found[2]])
        for page in sorted(DOCS.rglob("*.md"))
        for found in re.finditer(
            r'docker compose logs ([^`\n|]+)\| grep [^"\n]*"([^"]+)"', page.read_text("utf-8")
        )
        if found[2] in LOGGED_BY
    ]

    assert {writer for *_where, writer in looked_for} == set(LOGGED_BY.values())
    assert not [told for told in looked_for if told[2] not in told[1]]


@pytest.mark.parametrize("page", ["deployment.md", "deployment.ru.md"])
def test_which_files_are_meant_is_written_down_before_anything_is_started(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")

    assert text.index(FILES) < text.index("docker compose ")
    assert "cat > .env" in text[: text.index(FILES)]


@pytest.mark.parametrize("page", ["restore.md", "restore.ru.md"])
def test_a_restore_is_made_where_backups_and_the_key_that_signs_them_are(page: str) -> None:
    text = (DOCS / "runbooks" / page).read_text(encoding="utf-8")
    told = [line for line in re.findall(r"docker compose run [^`\n]+", text) if "restore" in line]
    backup = system()["services"]["backup"]

    assert {name for command in told for name in services_of(command.split(" ", 2)[2])} == {
        "backup"
    }
    assert "backup_signing_key" in backup["secrets"]  # for the copy that is made before
    assert "backups:/data" in backup["volumes"]
    assert all("--no-deps" in command for command in told)  # or tables would be made first


def test_no_command_names_files_of_its_own() -> None:
    """They would be other files than those of the next command."""
    told = [(page, text) for page, text in commands() if re.match(r"(-f|--file)\b", text)]

    assert told == []


def test_the_file_that_says_so_is_nobodys_but_the_machines() -> None:
    ignored = subprocess.run(["git", "check-ignore", "--quiet", ".env"], cwd=ROOT, check=False)

    assert ignored.returncode == 0
