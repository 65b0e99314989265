"""What every worker does around its tasks."""

import gc

from celery.signals import worker_before_create_process

from config import celery  # noqa: F401  connects it


def test_what_a_worker_shares_with_its_processes_is_left_alone_by_garbage_collection() -> None:
    before = gc.get_freeze_count()
    try:
        worker_before_create_process.send(sender=None)
        assert gc.get_freeze_count() > before + 10_000
    finally:
        gc.unfreeze()
