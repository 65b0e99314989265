"""A small bench: what a backup of some size takes of memory, and what a quiet night sends.

Times are not judged: they are those of whatever else the machine does. `make bench-backup` measures
them, beside other programs that do the same.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backups.installation import Installation, copied
from tests.bench.backup import backup
from tests.bench.filled import MB, fill_database, fill_media

DATABASE_MB = 50
MEDIA_MB = 500


@pytest.fixture
def large(restorable: Installation, tmp_path: Path) -> Iterator[Installation]:
    """An installation with some hundred megabytes in it."""
    with copied(restorable, tmp_path / "large") as made:
        fill_database(made, DATABASE_MB * MB)
        fill_media(made, MEDIA_MB * MB)
        yield made


def test_memory_is_bounded_and_a_quiet_night_sends_next_to_no_media(large: Installation) -> None:
    first, quiet = backup(large), backup(large)

    assert first.sent_bytes > MEDIA_MB * MB  # so that it is known to have been copied
    assert max(first.cost.peak_bytes, quiet.cost.peak_bytes) <= 250 * MB
    assert quiet.sent_bytes - quiet.dump_bytes < MEDIA_MB * MB / 100
