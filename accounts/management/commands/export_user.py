"""Hands out what is kept of a person."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.core.serializers.json import DjangoJSONEncoder

from accounts.management.users import user_named
from accounts.personal import record_export


class Command(BaseCommand):
    help = "Print all that is kept of a person, as JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        user = user_named(username)
        exported = record_export(user, actor=None)
        text = json.dumps(exported, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)
        self.stdout.write(text)
