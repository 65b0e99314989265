"""Is it alive, can it serve, how is it, which version is it. Answers carry no secret."""

from collections.abc import Callable
from http import HTTPStatus

import redis
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from vertexar import __version__, presence
from vertexar.health_parts import Parts, State, worst_of
from vertexar.metrics_read import has_token


@require_safe
@never_cache
def live(request: HttpRequest) -> JsonResponse:
    """The process answers; nothing else is asked."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """200 when requests can be served: the database answers and is migrated. Else 503 and why.

    The broker is reported but not required: uploads are taken without it, and sent on later.
    """
    database, broker = _database(), _broker()
    status = 200 if database == "ok" else 503
    return JsonResponse(
        {
            "status": "ok" if status == 200 else "not ready",
            "database": database,
            "broker": broker,
        },
        status=status,
    )


def is_staff(request: HttpRequest) -> bool:
    """Whether somebody asks who is signed in to the back office."""
    return request.user.is_active and getattr(request.user, "is_staff", False)


def view(looked_at: Parts) -> Callable[..., JsonResponse]:
    """Make the view of /health.

    Args:
        looked_at: what is looked at when somebody asks.
    """

    @require_safe
    @never_cache
    def health(request: HttpRequest) -> JsonResponse:
        """How it is, in a word; staff, and whoever has the token, read what is the matter."""
        reports = looked_at.look()
        state = worst_of(reports)
        answer: dict[str, object] = {"status": state}
        may_know = has_token(request) or (
            # Who asks stands in the database.
            all(report.state is not State.DOWN for report in reports) and is_staff(request)
        )
        if may_know:
            answer["parts"] = {
                report.name: {"state": report.state, "seconds": report.seconds}
                | ({"detail": report.detail} if report.detail else {})
                for report in reports
            }
        is_down = state is State.DOWN
        return JsonResponse(
            answer, status=HTTPStatus.SERVICE_UNAVAILABLE if is_down else HTTPStatus.OK
        )

    return health


@require_safe
def version(request: HttpRequest) -> JsonResponse:
    """Which version this is."""
    return JsonResponse({"name": "Vertex AR", "version": __version__})


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return "unreachable"
    return "not migrated" if pending else "ok"


def _broker() -> str:
    client = presence.broker()
    try:
        client.ping()
    except redis.RedisError:
        return "unreachable"
    finally:
        client.close()
    return "ok"
