"""Loads the demo through the real upload path and shows where to look at it."""

import time
from argparse import ArgumentTypeError
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.core.files.base import File
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from accounts.models import Organization, User
from accounts.otp.standing import HOW_TO_REQUIRE
from accounts.services import home_organization
from arcontent import services
from arcontent.demo.film import make_film
from arcontent.demo.poster import TITLE, draw_poster
from arcontent.models import ARContent, ContentStatus, Video
from arcontent.qr import qr_terminal
from arcontent.video.ffmpeg import FfmpegTrouble
from markers.models import Marker
from vertexar.errors import DomainError

IDEMPOTENCY_KEY = "vertexar-demo-harbour-lights"
_POLL_SECONDS = 0.25
_TELL_SECONDS = 5.0


class Command(BaseCommand):
    help = (
        "Make the demo (a poster and a film of it coming alive), upload it, wait until it is ready "
        "and print the viewer's address and its QR code. Harmless to repeat: what is there is kept."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--url", type=_base_url, metavar="URL",
            help="Print the address under this base, as a phone reaches it, not under PUBLIC_URL.",
        )  # fmt: skip
        parser.add_argument(
            "--wait", type=float, default=120.0, metavar="SECONDS",
            help="How long to wait for the workers (default: %(default)g).",
        )  # fmt: skip

    def handle(self, *args: Any, url: str | None, wait: float, **options: Any) -> None:
        content = _demo() or self._load()
        self._wait_until_ready(content, seconds=wait)
        base = url or settings.PUBLIC_URL
        address = base + reverse("viewer", args=[content.code])
        self.stdout.write(f"\n{qr_terminal(address, colour=self._shows_colour(options))}\n\n")
        self.stdout.write(f"Demo: {address}")
        self.stdout.write(f"The picture to point at: {urljoin(base, content.marker.picture_url)}")
        if not settings.REQUIRE_2FA_FOR_STAFF:
            self.stdout.write(HOW_TO_REQUIRE)

    def _load(self) -> ARContent:
        """Draw, film and upload the demo, as its owner would."""
        user, organization = _owner()
        try:
            with TemporaryDirectory(prefix="vertexar-demo-") as folder:
                poster_path, film_path = Path(folder) / "poster.png", Path(folder) / "film.mp4"
                self._tell("Drawing the demo's poster")
                draw_poster().save(poster_path)
                self._tell("Filming how it comes alive (about ten seconds)")
                make_film(film_path)
                self._tell("Uploading both")
                with poster_path.open("rb") as poster, film_path.open("rb") as film:
                    upload = services.read_upload(image=File(poster), video=File(film))
                    return services.create_content(
                        organization=organization,
                        user=user,
                        upload=upload,
                        title=TITLE,
                        idempotency_key=IDEMPOTENCY_KEY,
                    )
        except DomainError as error:
            raise CommandError(f"{error.message} {error.hint}".strip()) from error
        except FfmpegTrouble as error:
            raise CommandError(str(error)) from error

    def _wait_until_ready(self, content: ARContent, *, seconds: float) -> None:
        """Poll the row, which is the truth, and say how it goes."""
        begun = told = time.monotonic()
        said = ""
        while True:
            content = ARContent.objects.with_parts().get(pk=content.pk)
            if content.status is ContentStatus.READY:
                return
            if content.failure is not None:
                raise CommandError(
                    "The demo's {part} failed ({code}). {hint}".format(**content.failure).strip()
                )
            now = time.monotonic()
            if now - begun > seconds:
                raise CommandError(
                    f"The demo is not ready after {seconds:g} s. Are the workers running? "
                    "It will be prepared as soon as they do; call this again then."
                )
            states = [f"picture {Marker.Status(content.marker.status).label}"]
            states += [f"video {Video.Status(v.status).label}" for v in content.videos.all()]
            if ", ".join(states) != said or now - told > _TELL_SECONDS:
                said, told = ", ".join(states), now
                self._tell(f"Waiting for the workers: {said} ({now - begun:.0f} s)")
            time.sleep(_POLL_SECONDS)

    def _tell(self, message: str) -> None:
        self.stdout.write(message)
        self.stdout.flush()

    def _shows_colour(self, options: dict[str, Any]) -> bool:
        if options["no_color"]:
            return False
        return bool(options["force_color"] or self.stdout.isatty())


def _demo() -> ARContent | None:
    """The demo, if it was loaded before."""
    return ARContent.objects.filter(idempotency_key=IDEMPOTENCY_KEY).first()


def _owner() -> tuple[User, Organization]:
    """The first administrator and their organisation."""
    user = User.objects.filter(is_superuser=True).order_by("date_joined", "pk").first()
    if user is None:
        raise CommandError("There is no administrator yet: run `manage.py create_admin` first.")
    try:
        return user, home_organization(user)
    except DomainError as error:
        raise CommandError(f"{error.message} {error.hint}") from error


def _base_url(text: str) -> str:
    """Check and trim the base of an address."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ArgumentTypeError(f"{text!r} is not like https://ar.example.com")
    return text.rstrip("/")
