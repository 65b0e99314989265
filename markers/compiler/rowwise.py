"""Arrays that belong together row by row."""

from dataclasses import dataclass, fields, replace
from typing import Self

from markers.compiler.arrays import Rows


@dataclass(frozen=True, slots=True)
class Rowwise:
    """To be inherited by a frozen dataclass of arrays, each with a row for each of N things."""

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))

    def take(self, rows: Rows) -> Self:
        """Return some of the things, in the order of ``rows``."""
        taken = {field.name: getattr(self, field.name)[rows] for field in fields(self)}
        return replace(self, **taken)
