"""Two people never differ by nothing but capitals."""

import importlib
import io

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from accounts.models import AuditEntry, User, called, with_address
from tests.accounts.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db
LOGIN = "/api/v1/auth/login"
ONCE = "accounts.migrations.0007_names_and_addresses_once"


@pytest.mark.parametrize(("field", "value"), [("username", "ANNA"), ("email", "Anna@Example.org")])
def test_a_name_and_an_address_are_one_person_s_however_they_are_written(
    field: str, value: str
) -> None:
    UserFactory.create(username="anna", email="anna@example.org")

    with pytest.raises(IntegrityError, match=f"user_{field}_once"), transaction.atomic():
        UserFactory.create(**{"username": "other", field: value})


def test_the_back_office_says_so_in_words(client: Client, superuser: User) -> None:
    UserFactory.create(username="anna", email="anna@example.org")
    client.force_login(superuser)
    rows = {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}
    form = {"username": "vera", "email": "ANNA@example.org", "usable_password": "false", **rows}

    page = client.post(reverse("admin:accounts_user_add"), form)

    assert page.status_code == 200
    assert "Another account has this address." in page.content.decode()


def test_an_index_finds_people_by_name_and_by_address() -> None:
    UserFactory.create(username="Anna", email="Anna@Example.org")
    for question in (called("aNNA"), with_address("anna@example.ORG")):
        found = User.objects.filter(question)
        assert found.count() == 1
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
        assert "_once" in found.explain()


def duplicates() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_user DROP CONSTRAINT IF EXISTS user_email_once")
        cursor.execute("DROP INDEX IF EXISTS user_email_once")
        cursor.execute("DROP INDEX IF EXISTS user_username_once")
    for number, name in enumerate(("anna", "Anna", "boris")):
        UserFactory.create(username=name, email=f"a{number}@example.org")
    UserFactory.create(username="vera", email="A0@example.org")


def test_the_migration_refuses_and_names_who_differs_by_capitals_alone() -> None:
    migration = importlib.import_module(ONCE)
    migration.refuse_duplicates(apps, None)  # there are none
    duplicates()

    with pytest.raises(CommandError) as refusal:
        migration.refuse_duplicates(apps, None)

    said = str(refusal.value)
    for name in ("anna", "Anna", "vera", "a0@example.org", "A0@example.org"):
        assert name in said
    assert "boris" not in said


def test_an_administrator_is_not_made_twice_with_another_capital() -> None:
    UserFactory.create(username="admin", is_superuser=True)
    out = io.StringIO()

    call_command("create_admin", "--username", "Admin", "--no-input", stdout=out)

    assert "exists" in out.getvalue()
    assert User.objects.count() == 1


def test_commands_find_who_is_written_otherwise() -> None:
    UserFactory.create(username="Ada")

    call_command("erase_user", "ada", yes=True, stdout=io.StringIO())

    assert not User.objects.filter(username="Ada").exists()


@pytest.mark.parametrize("written", ["Ada", "ada", "ADA"])
def test_one_signs_in_however_one_writes_one_s_name(written: str) -> None:
    user = UserFactory.create(username="Ada")

    answer = APIClient().post(LOGIN, {"username": written, "password": PASSWORD}, "json")

    assert answer.status_code == 200
    assert AuditEntry.objects.get(action="login").actor == user


def test_writing_a_name_otherwise_gives_no_more_tries() -> None:
    UserFactory.create(username="Ada")

    tries = ["Ada", "ada", "ADA", "aDa", "adA", "AdA"]
    answers = [
        APIClient().post(LOGIN, {"username": name, "password": "wrong"}, "json").status_code
        for name in tries
    ]

    assert answers == [401] * 5 + [429]
    assert AuditEntry.objects.filter(action="login.locked_out").count() == 1
