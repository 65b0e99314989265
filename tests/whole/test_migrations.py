"""Migrations are complete, and rooms do not depend on each other in a circle."""

import pytest
from django.core.management import call_command
from django.db.migrations.loader import MigrationLoader

RANK = {"accounts": 0, "markers": 1, "arcontent": 2, "backups": 2}


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_a_rooms_migrations_depend_on_lower_rooms_only() -> None:
    for (app, name), migration in MigrationLoader(None).disk_migrations.items():
        for needed, _needed_name in migration.dependencies:
            if app in RANK and needed in RANK:
                assert RANK[needed] <= RANK[app], f"{app}.{name} needs {needed}"
