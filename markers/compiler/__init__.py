"""Turns a picture into a target that a phone recognises.

Pure NumPy and OpenCV: no Django, no paths, no settings, no clock.
"""

from markers.compiler.compile import COMPILER_VERSION, CompiledTarget, compile_target
from markers.compiler.errors import UnusableImage
from markers.compiler.options import CompileOptions

__all__ = [
    "COMPILER_VERSION",
    "CompileOptions",
    "CompiledTarget",
    "UnusableImage",
    "compile_target",
]
