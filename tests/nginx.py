"""A real nginx with the configuration of docker/nginx, before web servers on this machine."""

import datetime
import os
import random
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.prerequisites import program

CONFIGURATION = Path(__file__).parents[1] / "docker" / "nginx"
PATIENCE_S = 60
MEDIA_OF_THE_WEB = "include media-web.conf;"
PROGRAM = program("nginx")
DRAWN = random.SystemRandom()  # the other one draws the same in all processes that run tests


@dataclass(frozen=True, slots=True)
class Nginx:
    """A running nginx.

    Attributes:
        plain_port: where it sends people on to https, and answers who gives out certificates.
        trust: a TLS context that knows its certificate.
    """

    folder: Path
    port: int
    plain_port: int
    trust: ssl.SSLContext
    process: subprocess.Popen[bytes]

    @property
    def log(self) -> str:
        """What it wrote of requests."""
        return (self.folder / "access.log").read_text(encoding="utf-8")

    def send_to(self, web_ports: Sequence[int]) -> None:
        """Send new requests to other web servers, as a roll-out does."""
        _write_upstream(self.folder, web_ports)
        command = [*_command(self.folder), "-s", "reload"]
        subprocess.run(command, check=True, capture_output=True)


def free_ports(count: int) -> list[int]:
    """Find ports that nobody listens on, no two of them the same.

    They are below those that the system hands out by itself, to whoever connects or names none:
    one of these would often be taken by somebody before a server begins to listen on it.
    """
    found: list[int] = []
    with ExitStack() as held:
        while len(found) < count:
            port = DRAWN.randrange(20_000, 32_000)
            with suppress(OSError):
                held.enter_context(socket.create_server(("127.0.0.1", port)))
                found.append(port)
    return found


def lay_out(
    folder: Path,
    *,
    web_ports: Sequence[int],
    port: int,
    plain_port: int,
    media: str = MEDIA_OF_THE_WEB,
) -> None:
    """Copy the configuration into a folder with a site of this machine's own.

    Args:
        media: what site/media.conf says.
    """
    shutil.copytree(CONFIGURATION, folder, dirs_exist_ok=True)
    folder.chmod(0o755)
    site = folder / "site"
    user = "user root;" if os.geteuid() == 0 else ""
    files = {
        "process": f"{user} pid {folder}/pid; error_log {folder}/error.log; daemon off;",
        "listen-plain": f"listen 127.0.0.1:{plain_port};",
        "listen": f"listen 127.0.0.1:{port} ssl http2;",
        "tls": f"ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;",
        "acme": f"root {folder}/acme;",
        "media": media,
    }
    for name, text in files.items():
        (site / f"{name}.conf").write_text(text, encoding="utf-8")
    folders = (CONFIGURATION / "site" / "folders.conf").read_text(encoding="utf-8")
    folders = folders.replace("/var/cache/nginx/", f"{folder}/cache/")
    folders = folders.replace("/dev/stdout", f"{folder}/access.log")
    (folder / "cache").mkdir(exist_ok=True)
    (site / "folders.conf").write_text(folders, encoding="utf-8")
    _write_upstream(folder, web_ports)
    _write_certificate(folder)


@contextmanager
def nginx_before(
    folder: Path, *, web_ports: Sequence[int], media: str = MEDIA_OF_THE_WEB
) -> Iterator[Nginx]:
    """Run nginx before web servers on these ports."""
    port, plain_port = free_ports(2)
    lay_out(folder, web_ports=web_ports, port=port, plain_port=plain_port, media=media)
    with (folder / "stderr").open("wb") as out:
        process = subprocess.Popen(_command(folder), stdout=out, stderr=out)
    try:
        _wait_for(port, process, folder)
        trust = ssl.create_default_context(cafile=str(folder / "cert.pem"))
        yield Nginx(folder, port, plain_port, trust, process)
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE_S)


def accepts(folder: Path) -> str:
    """Ask nginx whether a laid out configuration is right; its words, "" where it is."""
    command = [*_command(folder), "-t", "-q"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if run.returncode == 0 and not run.stderr else run.stderr or f"exit {run.returncode}"


def _command(folder: Path) -> list[str]:
    if PROGRAM is None:
        raise FileNotFoundError("nginx")
    return [PROGRAM, "-p", str(folder), "-c", str(folder / "nginx.conf")]


def _write_upstream(folder: Path, web_ports: Sequence[int]) -> None:
    servers = " ".join(f"server 127.0.0.1:{port} max_fails=0;" for port in web_ports)
    new = folder / "site" / "upstream.new"
    new.write_text(f"upstream web {{ {servers} }}", encoding="utf-8")
    new.replace(folder / "site" / "upstream.conf")


def _write_certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.fromtimestamp(time.time(), datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def _wait_for(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert process.poll() is None, (folder / "stderr").read_text(encoding="utf-8")
            assert time.monotonic() < deadline, "nginx does not listen"
            time.sleep(0.05)  # between two looks at another process
        else:
            return
