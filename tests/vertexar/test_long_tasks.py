"""Messages that a real broker delivers again while their task is at work."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import Any, cast
from uuid import uuid4

import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker
from django.core.cache import cache
from pytest_django import Settings
from redis import ConnectionError as NoConnection
from redis import Redis

from config.celery import app as ours
from vertexar.long_tasks import LongTask

PATIENCE_S = 30


@dataclass
class Line:
    """One queue, one worker of one process, and a task that ends when it is told to.

    Attributes:
        server: where its messages lie.
        began: arguments of the task, each time that it began.
        may_end: set to let it end.
    """

    app: Celery
    server: Redis
    began: list[str] = field(default_factory=list)
    may_end: Event = field(default_factory=Event)

    @property
    def waiting(self) -> int:
        """Messages that no worker has taken."""
        return int(self.server.llen(f"{self.app.main}:{self.app.main}"))

    @property
    def taken(self) -> int:
        """Messages that a worker has taken and is not done with."""
        return int(self.server.hlen(f"{self.app.main}:unacked"))

    @property
    def is_idle(self) -> bool:
        return not self.waiting and not self.taken

    @contextmanager
    def working(self) -> Iterator[None]:
        """Have a worker at it."""
        with start_worker(
            self.app, pool="solo", perform_ping_check=False, shutdown_timeout=PATIENCE_S
        ):
            yield

    def deliver_again(self) -> None:
        """Do what the broker does when the visibility timeout is over."""
        options = self.app.conf.broker_transport_options | {"visibility_timeout": 0}
        with self.app.connection_for_read(transport_options=options) as connection:
            cast("Any", connection.default_channel).qos.restore_visible()


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for the worker's thread, and fail with what was waited for."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE_S} s for {what}"
        time.sleep(0.01)  # between two looks at another thread


@pytest.fixture
def line() -> Iterator[Line]:
    name = f"long-{uuid4()}"
    app = Celery(name, broker=os.environ["REDIS_URL"], set_as_current=False)
    app.conf.update(
        broker_transport_options={"global_keyprefix": f"{name}:"},
        task_acks_late=True,
        task_default_queue=name,
        task_ignore_result=True,
        worker_hijack_root_logger=False,
        worker_prefetch_multiplier=1,
    )
    with Redis.from_url(os.environ["REDIS_URL"]) as server:
        yield Line(app, server)
        for key in server.scan_iter(f"*{name}*"):
            server.delete(key)


def test_what_is_delivered_again_while_it_is_done_is_done_once(line: Line) -> None:
    @line.app.task(base=LongTask, shared=False)
    def work(what: str) -> None:
        line.began.append(what)
        line.may_end.wait(PATIENCE_S)

    work.delay("first")
    with line.working():
        until(lambda: line.began == ["first"], "the task to begin")
        line.deliver_again()
        assert line.waiting == 1
        work.delay("second")
        line.may_end.set()
        until(lambda: line.is_idle, "all to be done")

    assert line.began == ["first", "second"]


def test_each_try_of_what_is_retried_is_made_once(line: Line) -> None:
    @line.app.task(bind=True, base=LongTask, shared=False, max_retries=2)
    def work(self: LongTask) -> None:
        line.began.append(str(self.request.retries))
        line.may_end.wait(PATIENCE_S)
        raise self.retry(countdown=0)

    work.delay()
    with line.working():
        until(lambda: line.began == ["0"], "the task to begin")
        line.deliver_again()
        line.may_end.set()
        until(lambda: "2" in line.began, "the last try")
        until(lambda: line.is_idle, "all to be done")

    assert line.began == ["0", "1", "2"]


def test_with_the_cache_away_work_is_rather_done_twice_than_not_at_all(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    @line.app.task(base=LongTask, shared=False)
    def work() -> None:
        line.began.append("work")

    def away(*arguments: object) -> None:
        raise NoConnection

    monkeypatch.setattr(cache, "get", away)
    monkeypatch.setattr(cache, "set", away)
    assert work.apply().successful()

    assert line.began == ["work"]


def test_what_may_take_longer_than_the_broker_waits_is_a_long_task(settings: Settings) -> None:
    ours.loader.import_default_modules()
    waits_s = settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"]
    limits = {
        name: ours.conf.task_annotations.get(name, {}).get("time_limit", ours.conf.task_time_limit)
        for name in ours.tasks
    }
    longer = {name for name, limit_s in limits.items() if limit_s >= waits_s}

    assert longer >= {"backups.tasks.drill_newest", "backups.tasks.prune_old"}
    assert {name for name in longer if not isinstance(ours.tasks[name], LongTask)} == set()


def test_a_soft_limit_comes_before_the_hard_one(settings: Settings) -> None:
    for name, limits in settings.CELERY_TASK_ANNOTATIONS.items():
        assert limits["soft_time_limit"] < limits["time_limit"], name
