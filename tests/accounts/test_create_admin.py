"""An administrator is made from the environment, from a file or by asking; never a weak one."""

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from accounts import keys
from accounts.models import AuditEntry, Role, User
from tests.accounts.factories import UserFactory

pytestmark = pytest.mark.django_db
STRONG = "a strong passphrase"


class Terminal(io.StringIO):
    """Somebody who can be asked."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def no_password_given(settings: Settings) -> None:
    settings.ADMIN_PASSWORD = ""


def create(*arguments: str) -> str:
    out = io.StringIO()
    call_command("create_admin", *arguments, stdout=out, stderr=out)
    return out.getvalue()


def someone_types(monkeypatch: pytest.MonkeyPatch, *passwords: str) -> None:
    typed = iter(passwords)
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", lambda _prompt: next(typed))


def test_a_password_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{STRONG}\n")

    said = create("--password-file", str(tmp_path / "secret"), "--username", "vera")

    admin = User.objects.get(username="vera")
    assert admin.check_password(STRONG)
    assert admin.memberships.get().role == Role.OWNER
    assert STRONG not in said
    assert AuditEntry.objects.filter(action="created", object_id=str(admin.pk)).exists()


@pytest.mark.parametrize("is_required", [False, True])
def test_beside_the_password_it_says_how_to_require_a_second_factor_where_none_is(
    is_required: bool, settings: Settings
) -> None:
    settings.REQUIRE_2FA_FOR_STAFF = is_required

    said = create("--no-input").splitlines()

    assert "Password (shown once): " in said[0]
    assert ["REQUIRE_2FA_FOR_STAFF=True" in line for line in said[1:]] == [True] * (not is_required)


@pytest.mark.parametrize(("content", "reason"), [("", "is empty"), (None, "can't be read")])
def test_a_file_without_a_password_is_named(
    content: str | None, reason: str, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_text(content)

    with pytest.raises(CommandError, match=reason) as refused:
        create("--password-file", str(file))

    assert str(file) in str(refused.value)


def test_a_weak_password_is_refused_in_one_line_that_says_where_it_came_from(
    tmp_path: Path, settings: Settings
) -> None:
    (tmp_path / "secret").write_text("password1234")
    settings.ADMIN_PASSWORD = "password1234"

    with pytest.raises(CommandError, match=r"secret: .*too common"):
        create("--password-file", str(tmp_path / "secret"))
    with pytest.raises(CommandError, match=r"^ADMIN_PASSWORD: .*too common") as refused:
        create()

    assert "\n" not in str(refused.value)
    assert not User.objects.exists()


def test_who_sits_there_is_asked_until_the_password_is_good(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    someone_types(monkeypatch, "short", STRONG, "a typo of it", STRONG, STRONG)

    said = create()

    assert User.objects.get(username="admin").check_password(STRONG)
    assert "too short" in said
    assert "two different passwords" in said
    assert STRONG not in said


def test_it_is_given_up_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    someone_types(monkeypatch, "1", "2", "3")

    with pytest.raises(CommandError, match="No administrator was made"):
        create()

    assert not User.objects.exists()


def test_nobody_is_asked_where_it_is_forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    someone_types(monkeypatch)

    assert "shown once" in create("--no-input")


def test_an_administrator_that_is_there_is_left_alone_and_nobody_asked(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    someone_types(monkeypatch, STRONG, STRONG)
    create()
    settings.ADMIN_PASSWORD = "weak"

    assert create() == "Administrator admin exists.\n"
    assert User.objects.get().check_password(STRONG)


def test_where_somebody_is_administrator_nobody_else_need_be() -> None:
    UserFactory.create(username="closed", is_superuser=True, is_active=False)
    assert "made" in create("--if-none", "--no-input", "--username", "first")

    assert create("--if-none", "--username", "second") == "Administrators: first.\n"
    assert not User.objects.filter(username="second").exists()


def test_a_user_of_that_name_becomes_no_administrator() -> None:
    UserFactory.create(username="admin")

    assert "is no administrator" in create()
    assert not User.objects.get().is_superuser


def test_an_address_that_is_taken_is_named() -> None:
    UserFactory.create(email="vera@example.org")

    with pytest.raises(CommandError, match=r"vera@example\.org"):
        create("--email", "vera@example.org")


# --- The keys of tokens --------------------------------------------------------------------------


def rotate() -> str:
    out = io.StringIO()
    call_command("rotate_jwt_keys", stdout=out)
    return out.getvalue()


def test_keys_are_renewed_and_that_is_said_and_written_down(
    tmp_path: Path, settings: Settings
) -> None:
    settings.JWT_PRIVATE_KEYS, settings.JWT_KEYS_DIR = "", tmp_path
    old = keys.signing_key()

    said = rotate()

    new = keys.signing_key()
    assert new.kid != old.kid
    assert f"Key {new.kid} signs from now on." in said
    assert f"Key {old.kid} still verifies." in said
    assert AuditEntry.objects.get(action="keys.rotated").details["key"] == new.kid


def test_keys_of_the_environment_are_left_and_the_steps_explained() -> None:
    with pytest.raises(CommandError, match="Make a key") as explained:
        rotate()

    assert "After 14 days" in str(explained.value)
    assert not AuditEntry.objects.exists()
