"""A folder as a destination: files are whole or not there, whatever happens on the way."""

import hashlib
import os
import resource
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backups import streams
from backups.destinations import DestinationFailed
from backups.destinations.folder import INCOMING, FolderDestination
from backups.destinations.urls import BadDestination, from_url

CONTENT = bytes(range(256)) * 9000  # 2.3 MB
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> FolderDestination:
    return FolderDestination(tmp_path / "backups")


def paths(folder: FolderDestination, prefix: str = "") -> list[str]:
    return [found.path for found in folder.walk(prefix)]


def left_behind(folder: FolderDestination) -> list[Path]:
    return list((folder.root / INCOMING).iterdir())


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let no file grow beyond a size, which is what a full disk looks like to who writes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_is_written_can_be_found_and_read(folder: FolderDestination) -> None:
    streams.put(folder, "runs/a/database.age", CONTENT)

    with folder.open("runs/a/database.age") as file:
        assert file.read() == CONTENT
    found = folder.find("runs/a/database.age")
    assert found is not None
    assert found.size == len(CONTENT)
    assert abs(found.modified_at.timestamp() - time.time()) < 60


def test_it_is_for_its_owner_alone(folder: FolderDestination) -> None:
    streams.put(folder, "runs/a/b", b"x")

    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in folder.root.rglob("*")}
    assert set(modes.values()) == {0o700, 0o600}


def test_nothing_is_there_before_it_is_whole(folder: FolderDestination) -> None:
    upload = folder.upload("runs/a/b")
    upload.write(CONTENT)

    assert paths(folder) == []
    assert folder.find("runs/a/b") is None
    upload.commit(SHA256)
    assert paths(folder) == ["runs/a/b"]


def test_an_upload_given_up_leaves_nothing(folder: FolderDestination) -> None:
    upload = folder.upload("runs/a/b")
    upload.write(CONTENT)

    upload.abort()
    upload.abort()

    assert paths(folder) == []
    assert left_behind(folder) == []


def test_what_does_not_read_back_as_it_was_written_is_removed(folder: FolderDestination) -> None:
    upload = folder.upload("runs/a/b")
    upload.write(CONTENT)
    (part,) = left_behind(folder)
    with part.open("r+b") as file:
        file.write(b"\xff")

    with pytest.raises(DestinationFailed) as caught:
        upload.commit(SHA256)

    assert caught.value.code == "destination_damaged"
    assert paths(folder) == []


def test_a_full_disk_is_said_to_be_full_and_nothing_is_left(folder: FolderDestination) -> None:
    with room_for(1_000_000), pytest.raises(DestinationFailed) as caught:
        streams.put(folder, "runs/a/b", CONTENT)

    assert caught.value.code == "destination_full"
    assert paths(folder) == []
    assert left_behind(folder) == []


def test_a_full_disk_costs_nobody_else_his_backup(
    folder: FolderDestination, tmp_path: Path
) -> None:
    full = FolderDestination(tmp_path / "full")
    full.root.mkdir()
    (full.root / INCOMING).write_text("a file where a folder should be")
    tee = streams.Tee.to([full, folder], "runs/a/b")

    tee.write(CONTENT)
    tee.commit()

    assert list(tee.failures) == [full.name]
    assert paths(folder) == ["runs/a/b"]


WRITE_AND_WAIT = """
import sys
from pathlib import Path
from backups.destinations.folder import FolderDestination
upload = FolderDestination(Path(sys.argv[1])).upload("runs/a/b")
upload.write(bytes(1_000_000))
print("half", flush=True)
sys.stdin.read()
"""


def test_a_killed_writer_leaves_nothing_to_be_seen(folder: FolderDestination) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITE_AND_WAIT, folder.root],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"half\n"
        writer.send_signal(signal.SIGKILL)

    assert paths(folder) == []
    assert len(left_behind(folder)) == 1


def test_what_a_killed_writer_left_is_removed_a_day_later(folder: FolderDestination) -> None:
    for name, age_s in (("old.part", 25 * 3600), ("new.part", 3600)):
        part = folder.root / INCOMING / name
        part.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(b"half")
        os.utime(part, (time.time() - age_s,) * 2)

    streams.put(folder, "runs/a/b", CONTENT)

    assert [part.name for part in left_behind(folder)] == ["new.part"]


NAMES = st.text("ab-.0/", min_size=1, max_size=6).filter(
    lambda path: not {"", ".", ".."} & set(path.split("/"))
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(NAMES, max_size=8), st.text("ab-/", max_size=3))
def test_files_are_listed_in_the_order_of_their_paths(
    tmp_path: Path, names: list[str], prefix: str
) -> None:
    folder = FolderDestination(tmp_path / str(time.monotonic_ns()))
    names = [
        name
        for name in names
        if not any(f"{name}/" in f"{other}/" for other in names if other != name)
    ]
    for name in names:
        file = folder.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    if prefix.startswith("/") or "//" in prefix:
        return

    assert paths(folder, prefix) == sorted(name for name in set(names) if name.startswith(prefix))


def test_a_folder_that_is_not_there_yet_is_empty(folder: FolderDestination) -> None:
    assert paths(folder) == []
    assert paths(folder, "runs/a") == []
    assert folder.find("runs/a/b") is None
    with pytest.raises(FileNotFoundError):
        folder.open("runs/a/b")


def test_what_is_removed_is_gone_with_its_empty_folders(folder: FolderDestination) -> None:
    streams.put(folder, "runs/a/b", b"x")
    streams.put(folder, "runs/c", b"x")

    assert folder.remove("runs/a/b")
    assert folder.remove("runs/a/b")

    assert paths(folder) == ["runs/c"]
    assert not (folder.root / "runs/a").exists()


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a/.", "a\0b", ".incoming/x.part"]
)
def test_no_path_leads_out_of_the_folder(folder: FolderDestination, path: str) -> None:
    for act in (folder.upload, folder.open, folder.find, folder.remove):
        with pytest.raises(DestinationFailed):
            act(path)


def test_links_are_not_followed_when_listing(folder: FolderDestination, tmp_path: Path) -> None:
    streams.put(folder, "runs/a", b"x")
    (folder.root / "runs/link").symlink_to(tmp_path)

    assert paths(folder) == ["runs/a"]


def test_what_can_be_no_file_of_ours_is_not_listed(folder: FolderDestination) -> None:
    streams.put(folder, "media/a", b"a")
    for name in (b"line\nbreak", b"\xff\xfe"):
        (Path(folder.root) / "media" / os.fsdecode(name)).touch()
    assert [found.path for found in folder.walk("")] == ["media/a"]


def test_its_url_leads_there_again(tmp_path: Path) -> None:
    folder = from_url((tmp_path / "with blank").as_uri())

    assert isinstance(folder, FolderDestination)
    assert folder.root == tmp_path / "with blank"
    assert folder.name == (tmp_path / "with blank").as_uri()


@pytest.mark.parametrize(
    "url", ["", "/var/backups", "file:relative", "file://host/a", "file:///", "file:///a?b=c"]
)
def test_what_is_no_absolute_folder_is_refused(url: str) -> None:
    with pytest.raises(BadDestination):
        from_url(url)
