"""Which workers answer, and whether the clock ticks: each says so in the broker, over and over.

It is said from the loop in which a worker takes messages: one that hangs falls silent.
"""

import time
from typing import Any

import redis
from celery import Celery, bootsteps
from celery.signals import after_task_publish
from django.conf import settings

EVERY_S = 5
SILENT_S = 15  # who has not spoken for so long is gone
WAIT_S = 2
BEAT = "vertexar:beat"


def broker() -> "redis.Redis":
    """Connect to the broker; nobody waits for it long."""
    return redis.Redis.from_url(
        settings.CELERY_BROKER_URL, socket_connect_timeout=WAIT_S, socket_timeout=WAIT_S
    )


class Presence(bootsteps.StartStopStep):
    """The part of a worker that says for which queues it is there."""

    requires = ("celery.worker.components:Timer",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._timer: Any = None

    def start(self, parent: Any) -> None:
        """Begin to speak."""
        self._timer = parent.timer.call_repeatedly(EVERY_S, self._speak, (parent,))
        self._speak(parent)

    def stop(self, parent: Any) -> None:
        """Take leave."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._speak(parent, is_leaving=True)

    def _speak(self, parent: Any, *, is_leaving: bool = False) -> None:
        client = broker()
        try:
            now = _now(client)
            for queue in parent.app.amqp.queues.consume_from:
                if is_leaving:
                    client.zrem(_key(queue), parent.hostname)
                else:
                    client.zadd(_key(queue), {parent.hostname: now})
        except redis.RedisError:
            return  # the consumer says so itself, and waits for it
        finally:
            client.close()


def announce(app: Celery) -> None:
    """Have the workers of an application speak, and whoever sends what is due by the clock."""
    app.steps["worker"].add(Presence)
    after_task_publish.connect(_note_beat)


def workers_of(queue: str, client: "redis.Redis") -> int:
    """Count the workers that take from a queue."""
    return int(client.zcount(_key(queue), _now(client) - SILENT_S, "+inf"))


def beat_sent_at(client: "redis.Redis") -> float:
    """Tell when what is due by the clock was last sent, in seconds since 1970; 0 if never."""
    return float(client.get(BEAT) or 0)


def _note_beat(sender: str = "", **kwargs: Any) -> None:
    if sender not in {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}:
        return
    client = broker()
    try:
        client.set(BEAT, time.time())
    except redis.RedisError:
        return  # the next task says it
    finally:
        client.close()


def _key(queue: str) -> str:
    return f"vertexar:workers:{queue}"


def _now(client: "redis.Redis") -> float:
    """The broker's time, which is one for all."""
    seconds, micro = client.time()
    return float(seconds) + float(micro) / 1e6
