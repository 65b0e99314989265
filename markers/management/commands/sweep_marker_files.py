"""Lists the files of markers that nothing uses, and deletes them when told to."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from markers.orphans import orphans, remove


class Command(BaseCommand):
    help = "List pictures and files made of them that no marker uses; --delete removes them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--delete", action="store_true", help="Delete them, too.")

    def handle(self, *args: Any, delete: bool, **options: Any) -> None:
        found = removed = 0
        for key in orphans():
            found += 1
            removed += delete and remove(key)
            self.stdout.write(key)
        self.stderr.write(f"{found} found, {removed} deleted", style_func=str)  # it is no error
