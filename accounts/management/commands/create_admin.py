"""Makes the first administrator from the environment; prints a password only if it made one."""

import secrets
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts import services
from accounts.models import User


class Command(BaseCommand):
    help = (
        "Make the administrator ADMIN_USERNAME (default: admin) with ADMIN_PASSWORD, or with a "
        "random password that is printed once. Does nothing when that user exists."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        username, given = settings.ADMIN_USERNAME, settings.ADMIN_PASSWORD
        password = given or secrets.token_urlsafe(15)
        email = settings.ADMIN_EMAIL or f"{username}@localhost.localdomain"
        if not User.objects.filter(username=username).exists():
            try:
                validate_password(password, User(username=username, email=email))
            except ValidationError as error:
                raise CommandError(f"ADMIN_PASSWORD: {' '.join(error.messages)}") from None

        user, made = services.create_admin(username=username, email=email, password=password)

        if not made:
            self.stdout.write(f"Administrator {user.username} exists.")
        elif given:
            self.stdout.write(f"Administrator {user.username} made, with the password given.")
        else:
            self.stdout.write(
                f"Administrator {user.username} made. Password (shown once): {password}"
            )
