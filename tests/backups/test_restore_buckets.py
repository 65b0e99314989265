"""Restoring from a bucket and into one, over real HTTP, by the commands that an operator types."""

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from backups import databases, postgres
from tests.backups import forked
from tests.backups.buckets import (
    Fault,
    FaultyServer,
    Handler,
    client_of,
    faulty_server,
    fill,
    s3_server,
    url_of,
)
from tests.backups.installation import Installation, copied
from tests.backups.test_restore import PASSWORD, asked, visitors

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PATIENCE_S = 60


@pytest.fixture(scope="module")
def client() -> Iterator["S3Client"]:
    with s3_server() as endpoint, client_of(endpoint) as client:
        yield client


@pytest.fixture
def server(client: "S3Client") -> Iterator[FaultyServer]:
    """What stands before the server that the client asks."""
    with faulty_server(client.meta.endpoint_url) as server:
        yield server


@pytest.fixture
def backups(client: "S3Client", tmp_path: Path) -> str:
    """An empty bucket to back up to."""
    name = f"backups-{sha256(str(tmp_path).encode()).hexdigest()[:20]}"
    client.create_bucket(Bucket=name)
    return name


@pytest.fixture
def place(
    restorable: Installation, tmp_path: Path, backups: str, server: FaultyServer
) -> Iterator[Installation]:
    """An installation that backs up to the bucket; nothing is there yet."""
    with copied(restorable, tmp_path / "home") as made:
        made.more["BACKUP_DESTINATIONS"] = url_of(backups, server.url)
        yield made


def content(client: "S3Client", bucket: str) -> dict[str, str]:
    """SHA-256 of all that is in a bucket."""
    found = client.list_objects_v2(Bucket=bucket).get("Contents", [])
    bodies = {
        one["Key"]: client.get_object(Bucket=bucket, Key=one["Key"])["Body"].read() for one in found
    }
    return {key: sha256(body).hexdigest() for key, body in bodies.items()}


def with_media_in_a_bucket(place: Installation, client: "S3Client", server: FaultyServer) -> str:
    """Serve media from a bucket, with keys that only files hold; returns its name."""
    bucket = f"media-{place.folder.parent.name.replace('_', '-').lower()}"[:60].rstrip("-")
    client.create_bucket(Bucket=bucket)
    fill(client, bucket, place.media)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        file = place.folder / name
        file.write_text(f"of {name}\n")
        place.more[f"{name}_FILE"] = str(file)
    settings = {
        "DJANGO_SETTINGS_MODULE": "config.settings.base",  # the tests' own have media in a folder
        "SECRET_KEY": "only-for-tests-" + "x" * 40,
        "ALLOWED_HOSTS": "testserver",
        "AWS_STORAGE_BUCKET_NAME": bucket,
        "AWS_S3_ENDPOINT_URL": server.url,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    place.more.update(settings)
    return bucket


def test_who_registered_before_the_disaster_signs_in_after_it_and_media_are_back_in_their_bucket(
    place: Installation, client: "S3Client", server: FaultyServer, backups: str
) -> None:
    media = with_media_in_a_bucket(place, client, server)
    place.more["BACKUP_DESTINATIONS"] = f"s3://{backups}/vertexar?endpoint={server.url}"
    place.more.update(REGISTRATION_OPEN="True", EMAIL_VERIFICATION="False")
    who = {"username": "ada", "password": PASSWORD}
    assert "answered 20" in asked(place, "register", email="ada@example.org", **who)
    before = content(client, media)
    assert len(before) == 2
    place.run("backup")
    place.destroy()
    for key in before:
        client.delete_object(Bucket=media, Key=key)

    said = place.restore("latest", "--from", place.more["BACKUP_DESTINATIONS"])

    assert "media: 2 brought back, 0 were there" in said
    assert "answered 200" in asked(place, "login", **who)
    assert visitors(place) == ["Ada", "Grace"]
    assert content(client, media) == before
    assert not list(place.media.rglob("*.bin"))
    keys = {headers["Authorization"].split("/")[0] for _line, headers in server.requests}
    assert keys == {"AWS4-HMAC-SHA256 Credential=of AWS_ACCESS_KEY_ID"}


def test_a_drill_restores_from_a_bucket(
    place: Installation, client: "S3Client", backups: str
) -> None:
    fill(client, backups, place.backups, "vertexar/")
    place.more["BACKUP_DRILL_IDENTITY"] = place.identity.read_text()

    assert "restores: " in place.run("backup_drill", "latest")

    query = "SELECT restore_tested_at IS NOT NULL, restore_failure FROM backups_backuprun"
    assert place.ask(query) == [(True, "")]


@contextmanager
def killing(
    server: FaultyServer, request: str, is_due: Callable[[], bool]
) -> Iterator["Future[int]"]:
    """Kill the process whose id is told when it asks that, before it has any effect."""
    process: Future[int] = Future()

    def kill(handler: Handler) -> None:
        if is_due():
            os.kill(process.result(PATIENCE_S), signal.SIGKILL)
            handler.close_connection = True
        else:
            handler.answer(*handler.ask())

    server.faults = [Fault(request, kill, times=1000)]
    try:
        yield process
    finally:
        server.faults = []


def killed(
    place: Installation,
    server: FaultyServer,
    request: str,
    *arguments: str,
    is_due: Callable[[], bool] = lambda: True,
) -> None:
    """Begin a command that is killed when it asks that of the bucket."""
    with (
        killing(server, request, is_due) as process,
        forked.begun(arguments, place.environment) as command,
    ):
        process.set_result(command.process.pid or 0)
        command.process.join(PATIENCE_S)
        said = command.out.read_text() + command.err.read_text()
        assert command.process.exitcode == -signal.SIGKILL, said


@pytest.mark.parametrize(
    "moment",
    ["POST .*/media/.*uploadId=", "PUT .*/manifest.json.sig"],
    ids=["a medium", "the signature"],
)
def test_killed_while_it_sends_nothing_is_listed_and_the_next_one_succeeds(
    place: Installation, server: FaultyServer, client: "S3Client", backups: str, moment: str
) -> None:
    place.add_media(os.urandom(1 << 20) * 17)  # more than one part
    killed(place, server, moment, "backup")

    assert not [key for key in content(client, backups) if key.endswith(".sig")]
    assert "no_such_backup" in place.restore("latest", "--replace", "--dry-run", code=1)
    place.run("backup")
    assert ": whole (3 media read, decrypted)" in place.run(
        "verify_backup", "latest", "--deep", "--identity", str(place.identity)
    )


def before_names(place: Installation) -> list[str]:
    """Names of the databases that restores have put aside."""
    with psycopg.connect(postgres.url_of(place.url, "postgres")) as connection:
        query = "SELECT datname FROM pg_database WHERE datname LIKE %s"
        rows = connection.execute(query, [f"{postgres.name_of(place.url)}_before_%"]).fetchall()
    return [str(name) for (name,) in rows]


@pytest.mark.parametrize(
    ("moment", "is_swapped"),
    [
        ("PUT .*/manifest.json.sig", False),
        ("GET .*/database.dump", False),
        ("GET .*list-type=2", True),
    ],
    ids=["safety copy", "dump", "rows"],
)
def test_killed_while_our_own_database_is_replaced_all_of_the_old_or_the_new_is_served(
    place: Installation, server: FaultyServer, client: "S3Client", backups: str, moment: str,
    is_swapped: bool,
) -> None:  # fmt: skip
    fill(client, backups, place.backups, "vertexar/")
    [run] = [path.name for path in (place.backups / "runs").iterdir()]
    place.ask("INSERT INTO visitor VALUES ('Later')")
    arguments = ("restore", run, "--identity", str(place.identity), "--replace")

    killed(
        place, server, moment, *arguments, is_due=lambda: bool(before_names(place)) == is_swapped
    )

    assert visitors(place) == (["Ada", "Grace"] if is_swapped else ["Ada", "Grace", "Later"])
    place.run(*arguments)
    assert visitors(place) == ["Ada", "Grace"]
    assert ("ready", run) in place.ask("SELECT status, name FROM backups_backuprun")
    under_way = "SELECT count(*) FROM backups_backuprun WHERE status IN ('pending', 'working')"
    assert place.ask(under_way) == [(0,)]
    assert not databases.exists(
        postgres.url_of(place.url, f"{postgres.name_of(place.url)}_restoring")
    )
