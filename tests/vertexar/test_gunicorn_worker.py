"""Who may still connect while a web process stops. Whole servers: tests/live/test_graceful_stop."""

import errno
import os
import select
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from vertexar.gunicorn_worker import drop_new_connections, is_open_in

SOON_S = 0.2
PATIENCE_S = 30  # the kernel asks again after one, two, four seconds
ONE_CLOSES_ALL = "import sys; print(flush=True); sys.stdin.read()"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


def test_who_has_connected_is_kept_and_nobody_else_connects(listener: socket.socket) -> None:
    early = socket.create_connection(listener.getsockname())

    drop_new_connections(listener)

    with pytest.raises(TimeoutError):
        socket.create_connection(listener.getsockname(), timeout=SOON_S)
    heard, _address = listener.accept()
    early.sendall(b"?")
    assert heard.recv(1) == b"?"
    heard.sendall(b"!")
    assert early.recv(1) == b"!"
    early.close()
    heard.close()


def test_who_was_kept_waiting_is_refused_once_nobody_listens(listener: socket.socket) -> None:
    address = listener.getsockname()
    drop_new_connections(listener)

    with socket.socket() as late:
        late.setblocking(False)
        begun = late.connect_ex(address)
        listener.close()
        select.select([], [late], [], PATIENCE_S)
        ended = late.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)

    assert (begun, ended) == (errno.EINPROGRESS, errno.ECONNREFUSED)


def test_another_process_is_known_to_listen_until_it_ends(listener: socket.socket) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", ONE_CLOSES_ALL],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=[listener.fileno()],
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with_it = is_open_in(other.pid, listener.fileno())
        other.communicate()

    assert with_it
    assert is_open_in(os.getpid(), listener.fileno())


def test_a_process_without_the_listener_is_known_not_to_listen(listener: socket.socket) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", ONE_CLOSES_ALL], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        without_it = is_open_in(other.pid, listener.fileno())
        other.communicate()

    assert not without_it


def test_a_process_that_is_not_there_can_t_be_told_of(listener: socket.socket) -> None:
    with pytest.raises(OSError, match="No such file"):
        is_open_in(2**30, listener.fileno())
