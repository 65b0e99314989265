"""Lets those in again who failed to sign in too often."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_ipv46_address
from django.forms import ValidationError

from accounts import lockout


class Command(BaseCommand):
    help = "Unlock a user name, an address, a name from an address, or with --all everybody."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--username", default="")
        parser.add_argument("--ip", default="")
        parser.add_argument("--all", action="store_true")

    def handle(self, *, username: str, ip: str, **options: Any) -> None:
        if bool(username or ip) == options["all"]:
            raise CommandError("Say whom: --username, --ip, both of them, or --all.")
        if ip:
            try:
                validate_ipv46_address(ip)
            except ValidationError:
                raise CommandError(f"{ip} is no address.") from None

        unlocked = lockout.unlock(actor=None, username=username, ip=ip)

        self.stdout.write(f"Unlocked: {unlocked}.")
