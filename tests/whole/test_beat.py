"""The schedule and the routes name tasks that exist."""

from celery.schedules import maybe_schedule
from django.conf import settings

from config.celery import app


def test_every_scheduled_task_exists() -> None:
    app.loader.import_default_modules()

    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        assert entry["task"] in app.tasks
        assert maybe_schedule(entry["schedule"]) is not None


def test_every_routed_task_exists() -> None:
    app.loader.import_default_modules()

    assert set(settings.CELERY_TASK_ROUTES) <= set(app.tasks)


def test_time_limits_are_in_order() -> None:
    conf = app.conf

    assert conf.task_soft_time_limit < conf.task_time_limit
    assert conf.task_time_limit < conf.broker_transport_options["visibility_timeout"]


def test_a_message_of_a_dead_worker_is_not_lost() -> None:
    assert app.conf.task_acks_late
    assert app.conf.task_reject_on_worker_lost
