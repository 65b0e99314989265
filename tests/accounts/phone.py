"""An authenticator app for tests: a secret in, codes out."""

import base64
import time

from django_otp.oath import hotp

STEP_S = 30


class Phone:
    """Shows a code for each half minute. It does not wait for the next: it shows it ahead."""

    def __init__(self, secret: str) -> None:
        self._key = base64.b32decode(secret)
        self._step = int(time.time()) // STEP_S

    def code(self) -> str:
        """A code that was not shown yet, six digits."""
        code = f"{hotp(self._key, self._step):06d}"
        self._step += 1
        return code

    def wrong_code(self) -> str:
        """Six digits that are no code of these minutes."""
        near = {f"{hotp(self._key, self._step + offset):06d}" for offset in range(-9, 10)}
        return next(code for code in map("{:06d}".format, range(99)) if code not in near)
