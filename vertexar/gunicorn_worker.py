"""A web process that loses nobody when it is told to stop.

Gunicorn's own stops accepting at once but goes on listening until its last request is answered:
whoever connects meanwhile waits in the kernel's queue and is thrown out of it in the end, with a
request sent and never answered. This one lets nobody else connect, answers all who have, and stops
listening then, so that later ones are refused before they have sent anything and a proxy may ask
elsewhere.
"""

import ctypes
import os
import select
import socket
import struct
from contextlib import suppress
from pathlib import Path
from typing import Any

from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

# Between a last look at the queue and the closing somebody may connect: the kernel is told to drop
# what opens a connection (SYN without ACK, RFC 9293) first. A client sends that again a second
# later, and is refused. Instructions are (code, jump if true, jump if false, value), as in
# linux/filter.h; the data is the TCP header, with its flags in byte 13.
SO_ATTACH_FILTER = 26  # asm-generic/socket.h; Python has no name for it
SYN, ACK = 0x02, 0x10
DROP_NEW_CONNECTIONS = (
    (0x30, 0, 0, 13),  # load the byte
    (0x54, 0, 0, SYN | ACK),  # of it these bits
    (0x15, 0, 1, SYN),  # the first alone?
    (0x06, 0, 0, 0),  # drop
    (0x06, 0, 0, 0xFFFFFFFF),  # keep all of it
)


class Worker(ThreadWorker):  # type: ignore[misc]  # untyped
    """Gunicorn's threads, to be named to it as `--worker-class`."""

    def set_accept_enabled(self, enabled: bool) -> None:  # noqa: FBT001  # the library's own
        """Accept connections or not; when stopping, those that wait already and never again."""
        super().set_accept_enabled(enabled)
        if not enabled and not self.alive:
            for listener in self.sockets:
                self._stop_listening(listener)

    def _stop_listening(self, listener: Any) -> None:
        with suppress(OSError):  # not Linux, not TCP: done as well as can be without
            if is_open_in(self.ppid, listener.fileno()):  # others go on: a mere reload
                listener.close()
                return
            drop_new_connections(listener)
        while select.select([listener], [], [], 0)[0]:
            self.accept(listener)
        listener.close()


def is_open_in(pid: int, fd: int) -> bool:
    """Whether another process has the file, too, that is our `fd`.

    Raises:
        OSError: if that can't be told.
    """
    mine = os.fstat(fd)
    theirs = (_stat(one) for one in Path(f"/proc/{pid}/fd").iterdir())
    return any(stat is not None and os.path.samestat(mine, stat) for stat in theirs)


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:  # closed meanwhile
        return None


def drop_new_connections(listener: Any) -> None:
    """Have the kernel ignore who wants to connect, for all processes that listen there.

    Raises:
        OSError: if this system or this kind of socket has no such filters.
    """
    code = b"".join(struct.pack("=HBBI", *one) for one in DROP_NEW_CONNECTIONS)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("@HP", len(DROP_NEW_CONNECTIONS), ctypes.addressof(buffer))
    listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)
