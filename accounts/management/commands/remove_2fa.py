"""Takes away a second factor, where nobody is left who could do that in the back office."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.management.users import user_named
from accounts.otp import recovery
from vertexar.errors import Conflict


class Command(BaseCommand):
    help = "Take away the lost second factor of a user and end all their sessions."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        user = user_named(username)
        try:
            recovery.recover(user, actor=None)
        except Conflict as error:
            raise CommandError(f"{username}: {error.message}") from None
        self.stdout.write(f"{username} signs in with the password alone now. All sessions ended.")
