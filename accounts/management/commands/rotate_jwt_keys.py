"""Renews the key that signs API tokens. Nobody is signed out: the old one verifies for a while."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rest_framework_simplejwt.settings import api_settings

from accounts import audit, keys

STEPS = """The keys come from JWT_PRIVATE_KEYS, so only you can change them:
  1. Make a key: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256
  2. Put it before the others: the first one signs, all of them verify.
  3. Start all processes with that again.
  4. After {days} days, when no token of it can be valid any more, leave the old one out."""


class Command(BaseCommand):
    help = (
        "Make a new key to sign API tokens with. The old one goes on verifying until no token that "
        "it signed can be valid any more; a later run removes it then."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        overlap = api_settings.REFRESH_TOKEN_LIFETIME
        try:
            new, dropped = keys.rotate(keep_for_s=overlap.total_seconds())
        except keys.KeysInEnvironment as error:
            raise CommandError(STEPS.format(days=overlap.days)) from error
        audit.record(audit.Action.KEYS_ROTATED, actor=None, key=new.kid, dropped=dropped)
        self.stdout.write(f"Key {new.kid} signs from now on.")
        for kid in dropped:
            self.stdout.write(f"Key {kid} was removed: no token of it can be valid any more.")
        for key in keys.key_ring()[1:]:
            self.stdout.write(f"Key {key.kid} still verifies.")
