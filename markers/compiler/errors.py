"""The one error that is the picture's fault: shown to the user, never retried.

Anything else that the compiler raises is a fault of ours.
"""

from typing import Final

HINTS: Final = {
    "undecodable_image": "The file is not a complete picture; save it again as JPEG or PNG.",
    "picture_too_small": "Use a picture of at least 100 pixels on its short side.",
    "aspect_too_extreme": "Crop the picture to at most four times as long as wide.",
    "too_few_features": "Use a picture with more detail: contrast, edges, texture.",
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
