"""Makes an administrator: from the environment, from a file, or by asking who sits there."""

import getpass
import secrets
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import IntegrityError

from accounts import services
from accounts.models import User, called
from accounts.otp.standing import HOW_TO_REQUIRE

TRIES = 3


class Command(BaseCommand):
    help = (
        "Make an administrator. The password comes from --password-file, else from ADMIN_PASSWORD, "
        "else it is asked for; where nobody can be asked, a random one is printed once. "
        "Does nothing when that user exists."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--username", default=settings.ADMIN_USERNAME)
        parser.add_argument("--email", default=settings.ADMIN_EMAIL)
        parser.add_argument("--password-file", type=Path, help="a file that holds the password")
        parser.add_argument(
            "--no-input", action="store_true", help="ask nothing: without a password make one"
        )
        parser.add_argument(
            "--if-none", action="store_true", help="do nothing when anybody is administrator"
        )

    def handle(
        self,
        *,
        username: str,
        email: str,
        password_file: Path | None,
        no_input: bool,
        if_none: bool,
        **options: Any,
    ) -> None:
        there = User.objects.filter(is_superuser=True, is_active=True)
        if if_none and (names := sorted(there.values_list("username", flat=True))):
            self.stdout.write(f"Administrators: {', '.join(names)}.")
            return
        if (known := User.objects.filter(called(username)).first()) is not None:
            self.stdout.write(_standing(known))
            return
        user = User(username=username, email=email or f"{username}@{services.NO_MAIL}")
        source, given = _given(password_file)
        if given:
            if wrong := _weakness(given, user):
                raise CommandError(f"{source}: {wrong}")
            password = given
        elif not no_input and sys.stdin.isatty():
            password = self._ask(user)
        else:
            password = secrets.token_urlsafe(15)
            source = ""

        try:
            services.create_admin(username=username, email=email, password=password)
        except IntegrityError as error:
            raise CommandError(
                f"Another user has the address {user.email}: give --email."
            ) from error

        if source:
            self.stdout.write(f"Administrator {username} made, with the password given.")
        else:
            self.stdout.write(f"Administrator {username} made. Password (shown once): {password}")
        if not settings.REQUIRE_2FA_FOR_STAFF:
            self.stdout.write(HOW_TO_REQUIRE)

    def _ask(self, user: User) -> str:
        """Ask for a password until it is good, typed the same twice."""
        for _try in range(TRIES):
            password = getpass.getpass(f"Password of {user.username}: ")
            if wrong := _weakness(password, user):
                self.stderr.write(wrong)
            elif getpass.getpass("Once more: ") != password:
                self.stderr.write("These are two different passwords.")
            else:
                return password
        raise CommandError("No administrator was made.")


def _given(file: Path | None) -> tuple[str, str]:
    """Where the password comes from, in words, and the password; "" if it is to be asked for."""
    if file is None:
        return "ADMIN_PASSWORD", settings.ADMIN_PASSWORD
    try:
        password = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} can't be read: {error}") from error
    if not password:
        raise CommandError(f"{file} is empty.")
    return str(file), password


def _weakness(password: str, user: User) -> str:
    """Say what is wrong with a password; "" if nothing is."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        return " ".join(error.messages)
    return ""


def _standing(user: User) -> str:
    if user.is_superuser:
        return f"Administrator {user.username} exists."
    return f"User {user.username} exists and is no administrator; nothing was changed."
