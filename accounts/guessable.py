"""Which passwords somebody would guess: by an estimate of how many tries it takes.

Lists of common passwords know few that are long enough for us; people's long ones are words, names,
keys in a row and years one after another. The estimate is zxcvbn's (D. L. Wheeler, “zxcvbn:
Low-Budget Password Strength Estimation”, USENIX Security 2016).
"""

import re
from collections.abc import Iterator
from threading import Lock
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import Organization, User

# Of zxcvbn's marks from 0 to 4: at 3 it takes 10^8 tries or more.
GOOD_ENOUGH: Final = 3
# Characters that are looked at. The time grows faster than their number: of signs that may stand
# for letters 24 take a quarter of a second, 72 three seconds.
LOOKED_AT: Final = 24
# Letters from which on a word counts for nothing wherever it stands; shorter ones are in others.
LONG: Final = 4
OUR_NAMES: Final = ("vertexar", "vertex")
# What is typed on a Russian keyboard is looked at as the keys that were pressed: a word of a list
# typed in the other layout is one still, and so are keys in a row.
KEYS: Final = str.maketrans(
    "ёйцукенгшщзхъфывапролджэячсмитьбюЁЙЦУКЕНГШЩЗХЪФЫВАПРОЛДЖЭЯЧСМИТЬБЮ",
    "`qwertyuiop[]asdfghjkl;'zxcvbnm,.~QWERTYUIOP{}ASDFGHJKL:\"ZXCVBNM<>",
)
# zxcvbn keeps the words of one call where another thread's call finds them.
one_at_a_time = Lock()


class NotGuessable:
    """A password validator for AUTH_PASSWORD_VALIDATORS."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Refuse what is easy to guess, above all for who knows the person and the place.

        Raises:
            ValidationError: it is; with what would be better.
        """
        if mark(password, words_around(user)) < GOOD_ENOUGH:
            raise ValidationError(
                _(
                    "This password is easy to guess: by common words, names, dates, repetitions "
                    "or keys in a row. Take four words that have nothing to do with each other, "
                    "or let a password manager make one."
                ),
                code="password_guessable",
            )

    def get_help_text(self) -> str:
        """Say beforehand what helps."""
        return _(
            "Four words that have nothing to do with each other are good, and so is what a "
            "password manager makes."
        )


def mark(password: str, words: list[str]) -> int:
    """Estimate how hard a password is to guess.

    Args:
        password: of any length; only its beginning is looked at.
        words: what an attacker would try first: it makes nothing harder.

    Returns:
        0 (at once) to 4 (not by guessing).
    """
    from zxcvbn import zxcvbn  # not at the top: its lists take 14 MB, and most processes need none

    known = sorted((word.translate(KEYS) for word in words), key=len, reverse=True)
    long = "|".join(re.escape(word) for word in known if len(word) >= LONG)
    typed = password.translate(KEYS)
    typed = (re.sub(long, "", typed, flags=re.IGNORECASE) if long else typed)[:LOOKED_AT]
    if not typed:
        return 0
    with one_at_a_time:
        return int(zxcvbn(typed, user_inputs=known)["score"])


def words_around(user: User | None) -> list[str]:
    """Collect what is known of a person and of the place: whole, and word by word."""
    known = [*OUR_NAMES, urlsplit(settings.PUBLIC_URL).hostname or ""]
    if user is not None:
        known += [user.username, user.first_name, user.last_name, user.email]
        if not user._state.adding:
            theirs = Organization.objects.filter(memberships__user=user)
            known += theirs.values_list("name", flat=True)
    return list(dict.fromkeys(word for text in known for word in _words(text)))


def _words(text: str) -> Iterator[str]:
    """A text in small letters, without its blanks, and each of its words that is not too short."""
    text = text.lower()
    yield from filter(None, (text, re.sub(r"\W+", "", text)))
    yield from (word for word in re.split(r"[\W\d_]+", text) if len(word) > 2)
