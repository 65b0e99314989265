"""Takes away all that tells who somebody was."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.management.users import user_named
from accounts.personal import erase
from vertexar.errors import DomainError


class Command(BaseCommand):
    help = "Erase a person for ever. What they made stays with their organisations."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--yes", action="store_true", help="Do not ask.")

    def handle(self, *args: Any, username: str, yes: bool, **options: Any) -> None:
        user = user_named(username)
        if not yes and input(f"Type {username} again to erase them for ever: ") != username:
            raise CommandError("Nothing was erased.")
        try:
            erase(user, actor=None)
        except DomainError as error:
            raise CommandError(f"{error.message} {error.hint}".strip()) from error
        self.stdout.write(f"{username} is erased.")
