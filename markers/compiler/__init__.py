"""Turns a picture into a target that a phone recognises.

Pure NumPy and OpenCV: no Django, no paths, no settings, no clock.
"""

from markers.compiler.compile import COMPILER_VERSION, CompiledTarget, compile_target
from markers.compiler.errors import UnusableImage
from markers.compiler.options import LEAN, ROBUST, CompileOptions
from markers.compiler.sets import merge_targets

__all__ = [
    "COMPILER_VERSION",
    "LEAN",
    "ROBUST",
    "CompileOptions",
    "CompiledTarget",
    "UnusableImage",
    "compile_target",
    "merge_targets",
]
