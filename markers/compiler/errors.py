"""The one error that is the picture's fault: shown to the user, never retried.

Anything else that the compiler raises is a fault of ours.
"""

from typing import Final

HINTS: Final = {
    "undecodable_image": "The file is not a complete picture; save it again as JPEG or PNG.",
    "picture_too_small": "The picture is too small; use one of at least 100 pixels on the short side.",
    "aspect_too_extreme": "The picture is too long and narrow; crop it to at most four times as long as wide.",
    "too_few_features": "The picture has too little detail to be recognised; use one with more contrast, edges and texture.",
}


class UnusableImage(Exception):
    """A picture of which no target can be made.

    Attributes:
        code: stable snake_case name of what is the case; one of ``HINTS``.
        hint: one English sentence that says what to do.
    """

    def __init__(self, code: str) -> None:
        self.code = code
        self.hint = HINTS[code]
        super().__init__(f"{code}: {self.hint}")

    def __reduce__(self) -> tuple[type["UnusableImage"], tuple[str]]:
        return type(self), (self.code,)
