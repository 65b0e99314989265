"""An installation with as much in it as a bench or a test asks for, the same each time."""

import random
from collections.abc import Iterator
from typing import Final

import psycopg

from tests.backups.installation import Installation

MB: Final = 1_000_000
PICTURE_BYTES: Final = 250_000
VIDEO_BYTES: Final = 8 * MB
PICTURES_A_VIDEO: Final = 8  # so that four fifths of the bytes are videos
ROW_BYTES: Final = 1_000


def fill_database(site: Installation, size_bytes: int, *, first: int = 0) -> int:
    """Add rows of numbers, times, short words and hexadecimal text, which compresses by half.

    Args:
        site: where to.
        size_bytes: about as much as the rows take in their table.
        first: the number of the first row, so that more can be added later.

    Returns:
        The number of the next row.
    """
    end = first + size_bytes // ROW_BYTES
    with psycopg.connect(site.url, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS bench_rows"
            " (id bigint PRIMARY KEY, at timestamptz, kind text, body text)"
        )
        connection.execute(
            "INSERT INTO bench_rows SELECT n, timestamptz 'epoch' + n * interval '1 minute',"
            " 'kind ' || n %% 40, (SELECT string_agg(md5(n || '.' || i), ' ')"
            " FROM generate_series(1, 28) i) FROM generate_series(%s::int, %s::int) n",
            [first, end - 1],
        )
        connection.execute("ANALYZE bench_rows")
    return end


def fill_media(site: Installation, size_bytes: int, *, seed: int = 0) -> int:
    """Add pictures and videos of random bytes, which no more compress than real ones do.

    Returns:
        How many bytes were added.
    """
    added = 0
    source = random.Random(seed)
    for size in _sizes():
        if added + size > size_bytes:
            break
        site.add_media(source.randbytes(size))
        added += size
    return added


def database_bytes(site: Installation) -> int:
    """What the database takes on its server's disk."""
    return int(str(site.ask("SELECT pg_database_size(current_database())")[0][0]))


def _sizes() -> Iterator[int]:
    while True:
        yield from [PICTURE_BYTES] * PICTURES_A_VIDEO
        yield VIDEO_BYTES
