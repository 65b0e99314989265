"""What a migration may do while code of the version before goes on using the database.

Expand, migrate, contract: a version may only add what the version before can live with; what
nobody uses any more goes one version later. Nothing may hold a lock for as long as a large table
takes to be read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently
from django.db import connection, models
from django.db.migrations import Migration, operations
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import NOT_PROVIDED
from django.db.models.expressions import Value

GOES_AWAY = (
    operations.DeleteModel,
    operations.RemoveField,
    operations.RenameField,
    operations.RenameModel,
    operations.AlterModelTable,
)
RESHAPES = (
    operations.AlterUniqueTogether,
    operations.AlterIndexTogether,
    operations.AlterOrderWithRespectTo,
)
DATA = (operations.RunPython, operations.RunSQL)


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """What is unsafe.

    Attributes:
        migration: `app.name`.
        what: the rule and what breaks it, as the allow-list names them.
        why: what would happen.
    """

    migration: str
    what: str
    why: str


def findings(migration: Migration, before: ProjectState) -> Iterator[Finding]:
    """Find what is unsafe in a migration.

    Args:
        migration: the one to judge.
        before: the state that it starts from; it is left as it is.
    """
    if migration.initial:
        return  # the tables are made by it or beside it
    state, label = before.clone(), f"{migration.app_label}.{migration.name}"
    steps = list(_database_steps(migration.operations))
    created: set[str] = set()
    for step in steps:
        after = state.clone()
        step.state_forwards(migration.app_label, after)
        if isinstance(step, operations.CreateModel):
            created.add(step.name_lower)
        elif _model_of(step) not in created:
            for what, why in _judge(step, migration.app_label, state, after):
                yield Finding(label, what, why)
        state = after
    has_data = any(isinstance(step, DATA) for step in steps)
    has_schema = any(not isinstance(step, DATA) for step in steps)
    if migration.atomic and has_data and has_schema:
        why = "while rows are changed, the schema's locks keep everybody waiting: two migrations"
        yield Finding(label, "data with schema", why)


def _database_steps(steps: Sequence[Operation]) -> Iterator[Operation]:
    for step in steps:
        if isinstance(step, operations.SeparateDatabaseAndState):
            yield from _database_steps(step.database_operations)
        else:
            yield step


def _model_of(step: Operation) -> str:
    """Name the model that an operation is about, in small letters."""
    return str(getattr(step, "model_name", getattr(step, "name", ""))).lower()


def _judge(
    step: Operation, app: str, before: ProjectState, after: ProjectState
) -> Iterator[tuple[str, str]]:
    model = _model_of(step)
    name = getattr(step, "name", "") or ""
    if isinstance(step, GOES_AWAY):
        where = model if model == str(name).lower() else f"{model}.{_old_name(step)}"
        yield f"{type(step).__name__} {where}", "code that runs still uses it: one version later"
    elif isinstance(step, RESHAPES):
        yield f"{type(step).__name__} {model}", "it locks the table: use constraints, step by step"
    elif isinstance(step, operations.RunSQL):
        yield "RunSQL", "nobody can tell what it locks: say why it is safe"
    elif isinstance(step, operations.AddField):
        yield from _new_field(f"{model}.{step.name}", step.field)
    elif isinstance(step, operations.AlterField):
        old = before.apps.get_model(app, model)._meta.get_field(step.name)
        new = after.apps.get_model(app, model)._meta.get_field(step.name)
        assert isinstance(old, models.Field)
        assert isinstance(new, models.Field)
        yield from _changed_field(f"{model}.{step.name}", old, new)
    elif isinstance(step, operations.AddIndex) and not isinstance(step, AddIndexConcurrently):
        why = "writing waits while it is built: AddIndexConcurrently, with atomic = False"
        yield f"AddIndex {step.index.name}", why
    elif isinstance(step, operations.AddConstraint):
        yield from _new_constraint(step)


def _old_name(step: Operation) -> str:
    return str(getattr(step, "old_name", getattr(step, "name", "")))


def _new_field(name: str, field: "models.Field[Any, Any]") -> Iterator[tuple[str, str]]:
    if field.many_to_many:
        return  # a table of its own
    default = field.db_default
    if not field.null and default is NOT_PROVIDED:
        yield f"NOT NULL {name}", "code that runs inserts rows without it: db_default, or null"
    if default is not NOT_PROVIDED and _is_computed(default):
        yield f"computed {name}", "each row is written anew under a lock: null first, fill it later"
    if _is_indexed(field):
        yield f"index {name}", "writing waits while it is built: AddIndexConcurrently afterwards"


def _is_indexed(field: "models.Field[Any, Any]") -> bool:
    return bool(field.unique or getattr(field, "db_index", False))


def _is_computed(default: object) -> bool:
    return hasattr(default, "resolve_expression") and not isinstance(default, Value)


def _changed_field(
    name: str, old: "models.Field[Any, Any]", new: "models.Field[Any, Any]"
) -> Iterator[tuple[str, str]]:
    was, now = old.db_type(connection) or "", new.db_type(connection) or ""
    if was != now and not _is_wider(was, now):
        yield (
            f"type {name}",
            f"the table is written anew under a lock ({was} to {now}): a new column",
        )
    if old.null and not new.null:
        yield f"NOT NULL {name}", "code that runs may still write NULL, and all rows are read"
    if old.db_default is not NOT_PROVIDED and new.db_default is NOT_PROVIDED:
        yield f"default {name}", "code that runs may insert rows without it"
    if _is_indexed(new) and not _is_indexed(old):
        yield f"index {name}", "writing waits while it is built: AddIndexConcurrently"


def _is_wider(was: str, now: str) -> bool:
    """Whether a text only got more room, for which nothing is written anew."""
    if not was.startswith("varchar"):
        return False
    return now == "text" or (now.startswith("varchar") and _room(now) >= _room(was))


def _room(db_type: str) -> float:
    return float(db_type[len("varchar(") : -1] or "inf")


def _new_constraint(step: operations.AddConstraint) -> Iterator[tuple[str, str]]:
    constraint = step.constraint
    if isinstance(constraint, models.UniqueConstraint):
        why = "writing waits while its index is built: the index concurrently, then the constraint"
        yield f"AddConstraint {constraint.name}", why
    elif not isinstance(step, AddConstraintNotValid):
        why = "all rows are read under a lock: AddConstraintNotValid, then ValidateConstraint"
        yield f"AddConstraint {constraint.name}", why
