"""`manage.py doctor`: see vertexar.doctor."""

from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.utils.module_loading import import_string

from vertexar.doctor import Severity, examine


class Command(BaseCommand):
    help = "Say what is wrong with the configuration and what it stands on, and how to mend it."
    requires_system_checks = []  # it makes them itself, and goes on

    def handle(self, **options: Any) -> None:
        found = list(examine(import_string(settings.HEALTH_PARTS)))
        for advice in sorted(found, key=lambda advice: list(Severity).index(advice.severity)):
            self.stdout.write(f"{advice.severity.upper()}: {advice.what}\n    {advice.mend}")
        if errors := sum(advice.severity is Severity.ERROR for advice in found):
            raise CommandError(f"It does not work like that: {errors} to mend.")
        self.stdout.write("Nothing keeps it from working.")
