"""Hands out the audit log, for instance to a place where nobody here can write."""

import json
import sys
from datetime import datetime, time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from accounts.models import AuditEntry

COLUMNS = [
    "id", "at", "action", "actor_id", "organization_id", "object_type", "object_id", "details",
    "ip", "request_id",
]  # fmt: skip


class Command(BaseCommand):
    help = "Print the audit log, oldest first, one JSON object a line."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--since", metavar="WHEN", help="2026-11-21 or 2026-11-21T10:00+01:00")
        parser.add_argument("--until", metavar="WHEN", help="Up to then, and not then.")

    def handle(self, *args: Any, since: str | None, until: str | None, **options: Any) -> None:
        entries = AuditEntry.objects.order_by("at", "id")
        if since is not None:
            entries = entries.filter(at__gte=_moment(since))
        if until is not None:
            entries = entries.filter(at__lt=_moment(until))
        count = 0
        for row in entries.values(*COLUMNS).iterator(chunk_size=2000):
            self.stdout.write(json.dumps(row, cls=DjangoJSONEncoder, ensure_ascii=False))
            count += 1
        print(f"{count} entries", file=sys.stderr)


def _moment(text: str) -> datetime:
    try:
        moment = parse_datetime(text) if len(text) > len("2026-11-21") else None
        day = parse_date(text) if moment is None else None
    except ValueError as error:
        raise CommandError(f"{text}: {error}") from error
    if day is not None:
        moment = datetime.combine(day, time.min)
    if moment is None:
        raise CommandError(f"{text} is no date: write 2026-11-21 or 2026-11-21T10:00+01:00")
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
