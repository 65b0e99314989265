"""How passwords are hashed: Argon2id, at a cost that the installation chooses."""

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2(Argon2PasswordHasher):
    """Argon2id; a user whose hash was made at another cost gets a new one when signing in.

    The defaults are the first choice of OWASP's Password Storage Cheat Sheet: 19 MiB, 2 passes, one
    lane.
    """

    time_cost = settings.ARGON2_PASSES
    memory_cost = settings.ARGON2_MEMORY_KIB
    parallelism = 1
