"""Reading the identity file that a command was given."""

import sys
from pathlib import Path

from django.core.management.base import CommandError

WRONG_CALL = 2


def text_of(file: str) -> str:
    """Read an identity file; `-` is what comes from a terminal or a pipe.

    Raises:
        CommandError: it can't be read.
    """
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
    except OSError as error:
        reason = error.strerror or str(error)
    except UnicodeDecodeError:
        reason = "It is no text."
    raise CommandError(f"{file} can't be read: {reason}", returncode=WRONG_CALL)
