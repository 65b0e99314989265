"""Migrations are complete, safe under running code, and never make rooms depend in a circle."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently
from django.core.management import call_command
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState
from django.db.models.functions import Now
from django.utils import timezone

from tests.whole.migration_rules import Finding, findings
from tests.whole.migrations_allowed import ALLOWED

RANK = {"accounts": 0, "markers": 1, "arcontent": 2, "backups": 2}


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_a_rooms_migrations_depend_on_lower_rooms_only() -> None:
    for (app, name), migration in MigrationLoader(None).disk_migrations.items():
        for needed, _needed_name in migration.dependencies:
            if app in RANK and needed in RANK:
                assert RANK[needed] <= RANK[app], f"{app}.{name} needs {needed}"


# --- Safe under code that runs -----------------------------------------------------------------


def unsafe() -> Iterator[Finding]:
    loader = MigrationLoader(None)
    for (app, name), migration in loader.disk_migrations.items():
        if app in RANK:
            yield from findings(migration, loader.project_state((app, name), at_end=False))


def test_no_migration_breaks_the_code_that_runs_meanwhile() -> None:
    refused = [one for one in sorted(unsafe()) if (one.migration, one.what) not in ALLOWED]

    assert refused == [], "mend them, or say in migrations_allowed.py why that is safe"


def test_nothing_is_allowed_that_is_not_there_and_all_has_a_reason() -> None:
    there = {(one.migration, one.what) for one in unsafe()}

    assert set(ALLOWED) <= there
    assert all(len(reason.split()) > 3 for reason in ALLOWED.values())


# --- The rules themselves ----------------------------------------------------------------------


def text(**options: Any) -> "models.Field[Any, Any]":
    return models.CharField(**{"max_length": 20, **options})


def before() -> ProjectState:
    """A table `poster` as an earlier migration made it."""
    state = ProjectState()
    fields: list[tuple[str, models.Field[Any, Any]]] = [
        ("id", models.AutoField(primary_key=True)),
        ("name", text()),
        ("note", text(null=True)),
        ("kind", text(db_default="")),
    ]
    state.add_model(ModelState("markers", "Poster", fields))
    return state


def judged(*steps: Operation, atomic: bool = True) -> list[str]:
    kind = type("Next", (migrations.Migration,), {"operations": steps, "atomic": atomic})
    return [one.what for one in findings(kind("0009_next", "markers"), before())]


def add(field: "models.Field[Any, Any]") -> Operation:
    return migrations.AddField("poster", "more", field)


def alter(name: str, field: "models.Field[Any, Any]") -> Operation:
    return migrations.AlterField("poster", name, field)


INDEX = models.Index(fields=["name"], name="by_name")
LONG_NAME = models.CheckConstraint(condition=~models.Q(name=""), name="has_name")
ONCE = models.UniqueConstraint(fields=["name"], name="once")


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (migrations.RemoveField("poster", "note"), "RemoveField poster.note"),
        (migrations.RenameField("poster", "note", "remark"), "RenameField poster.note"),
        (migrations.DeleteModel("Poster"), "DeleteModel poster"),
        (migrations.RenameModel("Poster", "Print"), "RenameModel poster"),
        (migrations.AlterModelTable("poster", "prints"), "AlterModelTable poster"),
        (
            migrations.AlterUniqueTogether("poster", {("name", "note")}),
            "AlterUniqueTogether poster",
        ),
        (migrations.RunSQL("VACUUM"), "RunSQL"),
        (add(text(default="")), "NOT NULL poster.more"),
        (add(models.DateTimeField(db_default=Now())), "computed poster.more"),
        (add(text(null=True, unique=True)), "index poster.more"),
        (add(text(null=True, db_index=True)), "index poster.more"),
        (alter("name", text(max_length=10)), "type poster.name"),
        (alter("name", models.IntegerField()), "type poster.name"),
        (alter("note", text(default="")), "NOT NULL poster.note"),
        (alter("kind", text()), "default poster.kind"),
        (alter("name", text(db_index=True)), "index poster.name"),
        (migrations.AddIndex("poster", INDEX), "AddIndex by_name"),
        (migrations.AddConstraint("poster", LONG_NAME), "AddConstraint has_name"),
        (migrations.AddConstraint("poster", ONCE), "AddConstraint once"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_breaks_running_code_or_locks_a_table_is_refused(step: Operation, told: str) -> None:
    assert judged(step) == [told]


@pytest.mark.parametrize(
    "step",
    [
        add(text(null=True)),
        add(text(db_default="", default="")),
        add(text(null=True, default=timezone.now)),
        alter("name", text(max_length=40)),
        alter("name", models.TextField()),
        alter("name", text(null=True)),
        alter("name", text(help_text="as it is printed")),
        AddIndexConcurrently("poster", INDEX),
        AddConstraintNotValid("poster", LONG_NAME),
        migrations.RunPython(migrations.RunPython.noop),
    ],
)
def test_what_running_code_can_live_with_is_let_through(step: Operation) -> None:
    assert judged(step) == []


def test_anything_may_be_done_to_a_table_that_is_new() -> None:
    fields: list[tuple[str, models.Field[Any, Any]]] = [("id", models.AutoField(primary_key=True))]

    assert (
        judged(
            migrations.CreateModel("Stamp", fields),
            migrations.AddField("stamp", "name", text(unique=True)),
            migrations.AddIndex("stamp", models.Index(fields=["name"], name="stamp_by_name")),
        )
        == []
    )


def test_rows_are_not_changed_in_the_transaction_that_locks_the_table() -> None:
    steps = (add(text(null=True)), migrations.RunPython(migrations.RunPython.noop))

    assert judged(*steps) == ["data with schema"]
    assert judged(*steps, atomic=False) == []


def test_a_step_is_no_safer_for_what_the_state_is_told_of_it() -> None:
    hidden = migrations.SeparateDatabaseAndState(
        database_operations=[migrations.RemoveField("poster", "note")], state_operations=[]
    )
    only_state = migrations.SeparateDatabaseAndState(
        state_operations=[migrations.RemoveField("poster", "note")]
    )

    assert judged(hidden) == ["RemoveField poster.note"]
    assert judged(only_state) == []
