"""`manage.py up`: see vertexar.local.up."""

import os
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandParser

from vertexar.local.up import Installation, up

PROJECT = Path(__file__).resolve().parents[3]


class Command(BaseCommand):
    help = (
        "Start the whole system on this machine: PostgreSQL, Valkey, web, workers, beat. "
        "BIND, PORT and VERTEXAR_HOME say where; DATABASE_URL and REDIS_URL name servers to use "
        "instead of own ones."
    )
    requires_system_checks = []  # what they ask for is what this command provides

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-demo", action="store_true", help="Do not load the demo.")

    def handle(self, *, no_demo: bool, **options: Any) -> None:
        installation = Installation(
            project=PROJECT,
            home=settings.VERTEXAR_HOME,
            environ=os.environ,
            has_demo=not no_demo,
        )
        sys.exit(up(installation))
