"""A web process that loses nobody when it is told to stop.

Gunicorn's own stops accepting at once but goes on listening until its last request is answered:
whoever connects meanwhile waits in the kernel's queue and is thrown out of it in the end, with a
request sent and never answered. This one answers all who have connected and stops listening first,
so that later ones are refused before they have sent anything and a proxy may ask elsewhere.
"""

import select
from typing import Any

from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]


class Worker(ThreadWorker):  # type: ignore[misc]  # untyped
    """Gunicorn's threads, to be named to it as `--worker-class`."""

    def set_accept_enabled(self, enabled: bool) -> None:  # noqa: FBT001  # the library's own
        """Accept connections or not; when stopping, those that wait already and never again."""
        super().set_accept_enabled(enabled)
        if not enabled and not self.alive:
            for listener in self.sockets:
                self._stop_listening(listener)

    def _stop_listening(self, listener: Any) -> None:
        while select.select([listener], [], [], 0)[0]:
            self.accept(listener)
        listener.close()
