"""Queues markers again, for instance after a change of the compiler."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from markers.compiler import COMPILER_VERSION
from markers.management.progress import Progress
from markers.models import Marker
from markers.services import recompile_marker
from vertexar.errors import DomainError


class Command(BaseCommand):
    help = (
        "Queue markers again; workers compile them one by one. Their present targets are served "
        "until the new ones are there."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        choose = parser.add_mutually_exclusive_group(required=True)
        choose.add_argument("--status", choices=Marker.Status.values)
        choose.add_argument(
            "--outdated",
            action="store_true",
            help=f"Not of the compiler that is installed here, {COMPILER_VERSION}.",
        )
        choose.add_argument("--not-version", metavar="VERSION", help="Not of this compiler.")
        choose.add_argument("--all", action="store_true")

    def handle(
        self,
        *args: Any,
        status: str | None,
        not_version: str | None,
        outdated: bool,
        verbosity: int,
        **options: Any,
    ) -> None:
        markers = Marker.objects.order_by("pk")
        if status is not None:
            markers = markers.filter(status=status)
        if outdated:
            not_version = COMPILER_VERSION
        if not_version is not None:
            markers = markers.exclude(compiler_version=not_version)
        total, queued = markers.count(), 0
        with Progress(self.stderr, is_told=verbosity > 0) as progress:
            for done, marker in enumerate(markers.iterator(chunk_size=500), start=1):
                try:
                    recompile_marker(marker=marker, actor=None)
                except DomainError as error:
                    progress.said(f"{marker.pk}: {error.message}")
                else:
                    queued += 1
                progress.reached(done / max(total, done), f"{done} of {total}")
        self.stdout.write(f"{queued} queued, {total - queued} busy")
