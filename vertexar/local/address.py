"""Where the web server listens, and by which names it may be called."""

import errno
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from vertexar.local.failures import CannotRun

LOOPBACKS = ("localhost", "127.0.0.1", "[::1]")
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - and how we reach it ourselves
BACKLOG = 512
FAR_AWAY = ("192.0.2.1", 9)  # RFC 5737: nobody; asked only which way a packet would leave


@dataclass(frozen=True, slots=True)
class Address:
    """A listening socket: ours before anything slow begins, the web server's later."""

    listener: socket.socket
    bind: str
    port: int

    @classmethod
    def take(cls, environ: Mapping[str, str]) -> "Address":
        """Listen on BIND and PORT; port 0 means any free one.

        Raises:
            CannotRun: they make no sense, or the port is taken.
        """
        bind, port = environ.get("BIND") or "127.0.0.1", environ.get("PORT") or "8000"
        if not port.isdecimal() or int(port) > 65535:
            raise CannotRun(f"PORT is {port!r}: it must be a number up to 65535.")
        family = socket.AF_INET6 if ":" in bind else socket.AF_INET
        try:
            listener = socket.create_server((bind, int(port)), family=family, backlog=BACKLOG)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise CannotRun(
                    f"Port {port} of {bind} is taken: end what listens there, or choose another as "
                    f"in PORT={int(port) % 65535 + 1}."
                ) from error
            reason = (error.strerror or str(error)).partition(" (")[0]
            raise CannotRun(f"BIND={bind} PORT={port} can't be listened on: {reason}.") from error
        return cls(listener, bind, listener.getsockname()[1])

    @property
    def reachable(self) -> tuple[str, int]:
        """Host and port to connect to from this machine."""
        return EVERYWHERE.get(self.bind, self.bind), self.port

    @property
    def url(self) -> str:
        """The URL by which a browser on this machine finds it."""
        host, port = self.reachable
        return f"http://{_in_url(host)}:{port}"

    def host_names(self, public_url: str) -> list[str]:
        """List the names it may be called by: those of this machine and the public one."""
        names = [*LOOPBACKS, _in_url(self.bind), urlsplit(public_url).hostname or ""]
        if self.bind in EVERYWHERE:
            names += [socket.gethostname(), _address_in_the_network()]
        return sorted({name for name in names if name and name not in EVERYWHERE} - {"[::]"})


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _address_in_the_network() -> str:
    """Find the address by which others reach this machine; "" without a network. Sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(FAR_AWAY)
        except OSError:
            return ""
        address: str = probe.getsockname()[0]
    return address
