"""`manage.py up`: see vertexar.local.up."""

import os
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, CommandParser

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
        parser.add_argument(
            "--restore-from",
            metavar="URL",
            help="Restore the newest backup of this place (file:///… or s3://…) and stop.",
        )
        parser.add_argument("--identity", metavar="FILE", help="The identity that opens it.")
        parser.add_argument(
            "--replace", action="store_true", help="Replace data that are here, if there are any."
        )

    def handle(
        self,
        *,
        no_demo: bool,
        restore_from: str | None,
        identity: str | None,
        replace: bool,
        **options: Any,
    ) -> None:
        restore: tuple[str, ...] = ()
        if restore_from is not None:
            if identity is None:
                raise CommandError("--restore-from needs --identity FILE", returncode=2)
            restore = (
                "latest",
                "--from",
                restore_from,
                "--identity",
                str(Path(identity).resolve()),
            )
            restore += ("--replace",) if replace else ()
        installation = Installation(
            project=PROJECT,
            home=settings.VERTEXAR_HOME,
            environ=os.environ,
            has_demo=not no_demo,
            restore=restore,
        )
        sys.exit(up(installation))
