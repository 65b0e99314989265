import socket

import pytest

from vertexar.local.address import Address
from vertexar.local.failures import CannotRun


def test_port_0_is_any_free_one_and_the_url_names_it() -> None:
    address = Address.take({"PORT": "0"})

    with address.listener, socket.create_connection(("127.0.0.1", address.port)):
        assert address.url == f"http://127.0.0.1:{address.port}"


def test_a_taken_port_is_told_with_another_to_try() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        with pytest.raises(CannotRun, match=rf"Port {port} of 127.0.0.1 is taken: .* PORT=\d+\."):
            Address.take({"PORT": str(port)})


@pytest.mark.parametrize("port", ["http", "-1", "65536", "8000.5"])
def test_a_port_that_is_none_is_told(port: str) -> None:
    with pytest.raises(CannotRun, match=f"PORT is '{port}'"):
        Address.take({"PORT": port})


def test_an_address_of_another_machine_is_told() -> None:
    with pytest.raises(CannotRun, match=r"BIND=192\.0\.2\.1 PORT=0 can't be listened on: \w+"):
        Address.take({"BIND": "192.0.2.1", "PORT": "0"})


def test_it_answers_to_the_names_of_this_machine_and_the_public_one() -> None:
    address = Address.take({"PORT": "0"})

    with address.listener:
        names = address.host_names("https://ar.example.org")

    assert names == ["127.0.0.1", "[::1]", "ar.example.org", "localhost"]


def test_listening_everywhere_it_answers_to_its_host_name_too() -> None:
    address = Address.take({"BIND": "0.0.0.0", "PORT": "0"})  # noqa: S104

    with address.listener:
        assert socket.gethostname() in address.host_names(address.url)
        assert "0.0.0.0" not in address.host_names(address.url)  # noqa: S104
        assert address.url == f"http://127.0.0.1:{address.port}"
