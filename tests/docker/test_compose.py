"""compose.yaml, as far as it can be judged without an engine; and the settings it makes, really."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

from backups import encryption
from tests import documents
from tests.docker.compose import BASE, DEVELOPMENT, STAGING, read, system

ROOT = Path(__file__).parents[2]
SECRETS = "/run/secrets/"
OURS = {
    "web", "web-blue", "web-green", "worker", "media", "compile", "backup", "drill", "beat",
    "migrate", "bucket", "admin",
}  # fmt: skip
WEBS = {"web", "web-blue", "web-green"}  # the plain one, and what a roll-out starts
SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|_KEY|IDENTITY|DSN|^DATABASE_URL|^REDIS_URL|^EMAIL_URL")
LAYERS = [(), (DEVELOPMENT,), (STAGING,)]


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = system(PUBLIC_HOST="ar.example.org")["services"]
    return found


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What docker/make_secrets.sh makes."""
    folder = tmp_path_factory.mktemp("secrets")
    subprocess.run([ROOT / "docker" / "make_secrets.sh", folder], check=True, capture_output=True)
    return folder


@pytest.mark.parametrize("over", LAYERS)
def test_what_is_named_is_there(over: tuple[str, ...]) -> None:
    whole = system(*over)

    for name, service in whole["services"].items():
        assert set(service.get("depends_on", {})) <= set(whole["services"]), name
        assert set(service.get("networks", [])) <= set(whole["networks"]), name
        assert set(service.get("secrets", [])) <= set(whole["secrets"]), name
        volumes = [volume.split(":")[0] for volume in service.get("volumes", []) if ":" in volume]
        named = {volume for volume in volumes if not volume.startswith((".", "/"))}
        assert named <= set(whole["volumes"]), name
        mounted = [ROOT / volume for volume in volumes if volume.startswith(".")]
        missing = [path for path in mounted if "secrets" not in path.parts and not path.exists()]
        assert not missing, name


def test_containers_can_change_little_and_take_little(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        assert "no-new-privileges:true" in service["security_opt"], name
        assert service["mem_limit"], name
        assert service["logging"]["options"]["max-size"], name
        if name != "s3":  # its image writes beside its data
            assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"]), name
        assert ":latest" not in service["image"], name
        assert ":" in service["image"], name


def test_stores_are_reached_from_within_alone(services: dict[str, dict[str, Any]]) -> None:
    networks = read(BASE)["networks"]

    for name in ("postgres", "valkey", "s3"):
        assert services[name]["networks"] == ["back"]
        assert "ports" not in services[name]
    assert networks["back"] == networks["watch"] == {"internal": True}
    open_to_all = {
        name
        for name, service in services.items()
        if any(not port.startswith("127.0.0.1:") for port in service.get("ports", []))
    }
    assert open_to_all == {"nginx"}


@pytest.mark.parametrize("over", LAYERS)
def test_no_secret_is_in_the_environment(over: tuple[str, ...]) -> None:
    for name, service in system(*over)["services"].items():
        for variable, value in service.get("environment", {}).items():
            if variable in documents.SECRETS or SECRET.search(variable):
                assert variable.endswith("_FILE"), f"{name}: {variable}"
                assert str(value).startswith(SECRETS), f"{name}: {variable}"


def test_each_secret_that_is_read_is_mounted_and_made(
    services: dict[str, dict[str, Any]], secrets: Path
) -> None:
    made = {path.name for path in secrets.iterdir()}
    sources = read(BASE)["secrets"]

    for name, service in services.items():
        text = str(service.get("environment", {})) + str(service.get("command", ""))
        wanted = set(re.findall(r"/run/secrets/([\w.]+)", text))
        assert wanted <= set(service.get("secrets", [])), name
    assert {Path(source["file"]).name for source in sources.values()} <= made


def test_secrets_are_made_once_and_are_their_owners_alone(secrets: Path) -> None:
    before = {path.name: path.read_bytes() for path in secrets.iterdir() if path.is_file()}

    again = subprocess.run(
        [ROOT / "docker" / "make_secrets.sh", secrets], check=True, capture_output=True
    )

    after = {path.name: path.read_bytes() for path in secrets.iterdir() if path.is_file()}
    assert (again.stdout, after) == (b"", before)
    assert secrets.stat().st_mode & 0o077 == 0
    assert len(set(before.values()) - {b""}) == len([text for text in before.values() if text])


def test_whose_secrets_they_are_may_replace_them_and_containers_read_them(tmp_path: Path) -> None:
    """Though the folder of the certificate was there, and its files are root's alone."""
    (tmp_path / "tls").mkdir(mode=0o700)
    for name in ("fullchain.pem", "privkey.pem"):
        (tmp_path / "tls" / name).touch(mode=0o600)

    make = [ROOT / "docker" / "make_secrets.sh", tmp_path]
    subprocess.run(make, check=True, capture_output=True)

    modes = {path.stat().st_mode & 0o777 for path in tmp_path.rglob("*") if path.is_file()}
    assert modes == {0o644}
    assert (tmp_path / "tls").stat().st_mode & 0o777 == 0o755
    assert tmp_path.stat().st_mode & 0o777 == 0o700


def test_some_worker_takes_from_each_queue(services: dict[str, dict[str, Any]]) -> None:
    routed = {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()}
    commands = [service["command"] for name, service in services.items() if name in OURS - WEBS]
    taken = [
        queue
        for command in commands
        if "--queues" in command
        for queue in command[command.index("--queues") + 1].split(",")
    ]

    assert sorted(taken) == sorted({"default", "backup", "drill", *routed})


def test_who_can_read_backups_is_one_that_signs_none(
    services: dict[str, dict[str, Any]],
) -> None:
    holders = {
        secret: {name for name, service in services.items() if secret in service.get("secrets", [])}
        for secret in ("backup_drill_identity", "backup_signing_key")
    }

    assert holders == {"backup_drill_identity": {"drill"}, "backup_signing_key": {"backup"}}


def test_each_worker_is_given_the_time_to_end_what_it_began(
    services: dict[str, dict[str, Any]],
) -> None:
    given = {
        name: sum(
            int(number) * {"h": 3600, "m": 60, "s": 1}[unit]
            for number, unit in re.findall(r"(\d+)([hms])", service["stop_grace_period"])
        )
        for name, service in services.items()
        if name in ("worker", "media", "compile", "backup", "drill")
    }

    assert min(given.pop("backup"), given.pop("drill")) > settings.BACKUP_SECONDS
    assert min(given.values()) > settings.TASK_SECONDS


def asked() -> tuple[set[str], set[str]]:
    """What Prometheus asks: those that a name leads to one of, and to all of."""
    text = (ROOT / "docker" / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
    jobs = yaml.safe_load(text)["scrape_configs"]
    named = {
        target
        for job in jobs
        for group in job.get("static_configs", [])
        for target in group["targets"]
    }
    found = {
        f"{name}:{group['port']}"
        for job in jobs
        for group in job.get("dns_sd_configs", [])
        for name in group["names"]
        if group["type"] == "A"
    }
    return named, found


def test_the_watched_are_asked_where_they_answer(services: dict[str, dict[str, Any]]) -> None:
    named, found = asked()
    one_each = WEBS | {"backup", "drill", "beat"}  # `--scale` makes more of the others

    for name in OURS - {"migrate", "bucket", "admin"}:
        port = 8000 if name in WEBS else services[name]["environment"]["METRICS_PORT"]
        assert f"{name}:{port}" in (named if name in one_each else found)
        assert "watch" in services[name]["networks"]
    assert not named & found
    assert set(services["web"]["environment"]["ALLOWED_HOSTS"].split(",")) >= WEBS


@pytest.mark.parametrize("over", LAYERS)
def test_a_colour_is_a_web_that_only_a_roll_out_starts(over: tuple[str, ...]) -> None:
    services = system(*over)["services"]

    for colour in ("web-blue", "web-green"):
        plain = {key: value for key, value in services[colour].items() if key != "profiles"}
        assert services[colour]["profiles"] == ["by-deploy"]
        if DEVELOPMENT not in over:
            assert plain == services["web"]
        # No name that others have too: Prometheus would be told of one or the other.
        assert isinstance(services[colour]["networks"], list)


@pytest.mark.parametrize("over", LAYERS)
@pytest.mark.parametrize("name", ["web", "worker"])
def test_the_settings_it_makes_are_fit_for_serving(
    secrets: Path, name: str, over: tuple[str, ...]
) -> None:
    chosen = {
        "PUBLIC_HOST": "ar.example.org",
        "BACKUP_RECIPIENTS": encryption.generate()[1],
    }
    places = secrets / "backup_destinations"
    places.write_text("file:///data/backups s3://key:secret@elsewhere/vertexar\n")
    service = system(*over, **chosen)["services"][name]
    environment = {
        variable: str(value).replace(SECRETS, f"{secrets}/")
        for variable, value in service["environment"].items()
    }
    level = "ERROR" if over else "WARNING"

    run = subprocess.run(
        [sys.executable, "-W", "ignore", "manage.py", "check", "--deploy", "--fail-level", level],
        cwd=ROOT,
        env=environment | {"PATH": os.environ["PATH"], "VERTEXAR_HOME": str(secrets)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    assert "key:secret" not in str(environment)
