"""What the compiler knows as codes, in the reader's language.

The compiler knows no Django: its hints are kept in English, and translated where they are shown.
"""

from collections.abc import Iterable

from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

SCORE_FAIR, SCORE_GOOD = 35, 65
FAILURES = {
    "aspect_too_extreme": _("The picture is too long and narrow to be recognised."),
    "out_of_memory": _("It takes more memory than it may have."),
    "picture_too_small": _("The picture is too small to be recognised."),
    "too_few_features": _("There is too little in it for a phone to recognise."),
    "too_many_attempts": _("The work broke off several times. Press “Compile again” or report it."),
    "took_too_long": _("It took too long."),
    "undecodable_image": _("The picture can't be read."),
}
HINTS = [  # of the compiler
    gettext_noop("The file is not a complete picture; save it again as JPEG or PNG."),
    gettext_noop("Use a picture of at least 100 pixels on its short side."),
    gettext_noop("Crop the picture to at most four times as long as wide."),
    gettext_noop("Use a picture with more detail: contrast, edges, texture."),
]
REASONS = {
    "low_contrast": _("The picture is pale: use stronger differences of light and dark."),
    "blurred": _("The picture is out of focus or was enlarged: use a sharper original."),
    "too_small": _("The file is small: use a picture of at least 256 pixels on its short side."),
    "elongated": _("It is long and narrow: crop it to less than 2.5 times as long as wide."),
    "few_points": _("There is little to hold on to: add detail, texture or sharp-edged shapes."),
    "clustered": _("All detail is in few places: spread it over the picture, or crop to it."),
    "few_details_upper_half": _("Add detail to the upper half."),
    "few_details_lower_half": _("Add detail to the lower half."),
    "few_details_left_half": _("Add detail to the left half."),
    "few_details_right_half": _("Add detail to the right half."),
    "repetitive": _("A pattern repeats: its places can't be told apart; add something unique."),
    "mostly_text": _("It is mostly small text: letters look alike; add a picture."),
    "few_tracking_points": _("Once found, it is hard to follow: add corners and strong edges."),
    "lost_when_small": _("It is not recognised from afar: add larger shapes."),
    "lost_when_tilted": _("It is not recognised from the side: add larger, stronger shapes."),
}
VERDICTS = {
    "good": _("Phones will recognise it well."),
    "fair": _("It will work, but could be recognised better."),
    "poor": _("Phones will hardly recognise it."),
}


def verdict_of(score: int) -> str:
    """Say what a score of 0..100 means, as one of `VERDICTS`."""
    if score >= SCORE_GOOD:
        return "good"
    return "fair" if score >= SCORE_FAIR else "poor"


def advice_on(reasons: Iterable[str]) -> list[str]:
    """Say what would raise a score; a reason that we don't know is named by its code."""
    return [str(REASONS.get(code, code)) for code in reasons]


def failure_said(code: str, hint: str = "") -> str:
    """Say why there is no target, and what to do; a code that we don't know stands for itself."""
    return f"{FAILURES.get(code, code)} {gettext(hint) if hint else ''}".strip()
