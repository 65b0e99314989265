"""A migration that others keep from a table gives up in time, and leaves all as it was."""

import os
import re
from collections.abc import Iterator

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations import Migration
from pytest_django import Settings

from backups import postgres
from backups.models import BackupRun
from vertexar.management.commands.migrate import Command

pytestmark = pytest.mark.django_db(transaction=True)
TABLE = BackupRun._meta.db_table


@pytest.fixture
def reader() -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    """Somebody who reads the table in a transaction that goes on; PostgreSQL ends it one day."""
    url = postgres.url_of(os.environ["DATABASE_URL"], connection.settings_dict["NAME"])
    with psycopg.connect(url) as held:
        held.execute("SET idle_in_transaction_session_timeout = '20s'")
        held.execute(f"TABLE {TABLE} LIMIT 1".encode())
        yield held
    call_command("migrate", verbosity=0)  # as it was, should a test have failed


def asked(query: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0]


def applied() -> object:
    return asked("SELECT count(*) FROM django_migrations WHERE app = 'backups'")


@pytest.mark.usefixtures("reader")
def test_a_migration_that_does_not_get_its_lock_is_undone_and_says_why(settings: Settings) -> None:
    settings.MIGRATION_LOCK_SECONDS = 0.2
    row, count = BackupRun.objects.create(), applied()

    with pytest.raises(CommandError) as refusal:
        call_command("migrate", "backups", "zero", verbosity=0)

    told = str(refusal.value)
    says = r"migration_locked: backups\.000\d_\w+ did not get its lock in 0\.2 s"
    assert re.match(says, told), told
    assert "\n" not in told
    assert refusal.value.returncode == 3
    assert BackupRun.objects.get() == row
    assert applied() == count
    assert asked("SHOW lock_timeout") == "0"


def test_once_the_others_are_gone_it_goes_through(
    settings: Settings, reader: "psycopg.Connection[tuple[object, ...]]"
) -> None:
    settings.MIGRATION_LOCK_SECONDS = 0.2
    with pytest.raises(CommandError):
        call_command("migrate", "backups", "zero", verbosity=0)
    reader.rollback()

    call_command("migrate", "backups", "zero", verbosity=0)
    assert asked(f"SELECT to_regclass('{TABLE}')") is None
    call_command("migrate", "backups", verbosity=0)

    assert asked(f"SELECT to_regclass('{TABLE}')::text") == TABLE


@pytest.mark.parametrize(("is_atomic", "waits"), [(True, "7s"), (False, "0")])
def test_only_what_holds_others_up_may_not_wait(
    settings: Settings, *, is_atomic: bool, waits: str
) -> None:
    settings.MIGRATION_LOCK_SECONDS = 7
    migration = type("Index", (Migration,), {"atomic": is_atomic})("0009_index", "backups")
    command = Command()
    command.verbosity = 0
    command._connection = connection

    command.migration_progress_callback("apply_start", migration)
    told = asked("SHOW lock_timeout")
    command._wait_for(None)

    assert told == waits
