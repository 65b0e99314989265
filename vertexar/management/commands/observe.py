"""`manage.py observe`: see vertexar.observe."""

import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, CommandParser

from vertexar.observe import NoPrometheus, read, watching

RULES = Path(__file__).resolve().parents[3] / "docker" / "prometheus" / "rules"


class Command(BaseCommand):
    help = "Watch the running system with a Prometheus of its own, and print its golden signals."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--url", default=settings.PUBLIC_URL, help="Of the web server.")
        parser.add_argument("--seconds", type=float, default=10, help="How long to watch.")
        parser.add_argument("--stay", action="store_true", help="Until Ctrl-C, for a browser.")

    def handle(self, *, url: str, seconds: float, stay: bool, **options: Any) -> None:
        rules = sorted(RULES.glob("*.yml"))
        try:
            with watching(url, token=settings.METRICS_TOKEN, rules=rules) as prometheus:
                if not prometheus.sees_it():
                    raise CommandError(
                        f"{url}/metrics does not answer us: is it running, and METRICS_TOKEN the "
                        "same here and there?"
                    )
                time.sleep(seconds)  # what is watched is a span of time
                for kind, name, value, unit in read(prometheus):
                    shown = "—" if value is None else f"{value:,.3g} {unit}".rstrip()
                    self.stdout.write(f"{kind:<12}{shown:>12}  {name}")
                firing = ", ".join(sorted(prometheus.firing())) or "none"
                self.stdout.write(f"{'Alerts':<12}{firing}")
                if stay:
                    self._stay(prometheus.port)
        except NoPrometheus as failure:
            raise CommandError(str(failure)) from failure

    def _stay(self, port: int) -> None:
        self.stderr.write(f"Prometheus: http://127.0.0.1:{port} (Ctrl-C stops it)")
        try:
            while True:
                time.sleep(1)
        except KeyboardInterrupt:
            return
