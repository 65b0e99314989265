"""The customer's own scripts for judging readiness, at a real server with its default limits.

They ask the paths of version 1.1.0. What they leave out is a token for the list, which neither
version gives out without one.
"""

import http.client
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from pytest_django import Settings

from tests.accounts.factories import PASSWORD, MembershipFactory
from tests.arcontent.factories import ready_content
from tests.live.test_limits import serving, sign_in

pytestmark = [pytest.mark.live, pytest.mark.django_db(transaction=True)]
LOGIN, LIST = "/auth/login", "/ar/list"
USERS = 100
TRIES, JUDGED = 10, 5
CRACKER = "203.0.113.99"
PATIENCE_S = 60


def token_of(port: int, name: str) -> str:
    server = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        body = json.dumps({"username": name, "password": PASSWORD})
        server.request("POST", LOGIN, body, {"Content-Type": "application/json"})
        return str(json.load(server.getresponse())["access_token"])
    finally:
        server.close()


def test_a_hundred_users_ask_for_the_list_at_once_and_all_get_it(
    tmp_path: Path, settings: Settings
) -> None:
    settings.PASSWORD_HASHERS = ["vertexar.passwords.Argon2"]  # as the server has it
    member = MembershipFactory.create()
    content = ready_content(organization=member.organization)
    together = Barrier(USERS)

    with serving(tmp_path / "log") as port:
        headers = {"Authorization": f"Bearer {token_of(port, member.user.username)}"}

        def ask(_number: int) -> tuple[int, str]:
            server = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
            together.wait()
            try:
                server.request("GET", LIST, headers=headers)
                response = server.getresponse()
                [row] = json.load(response)["results"]
                return response.status, row["id"]
            finally:
                server.close()

        with ThreadPoolExecutor(USERS) as pool:
            answered = Counter(pool.map(ask, range(USERS)))

    assert answered == {(200, str(content.pk)): USERS}


def test_of_ten_tries_to_sign_in_five_are_judged_and_the_others_held_back(
    tmp_path: Path, settings: Settings
) -> None:
    settings.PASSWORD_HASHERS = ["vertexar.passwords.Argon2"]
    name = MembershipFactory.create().user.username

    with serving(tmp_path / "log") as port:
        tries = [sign_in(port, name, "wrong", ip=CRACKER, path=LOGIN) for _number in range(TRIES)]

    assert [status for status, _code in tries] == [401] * JUDGED + [429] * (TRIES - JUDGED)
