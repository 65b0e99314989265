"""Turns a picture into a target that a phone recognises.

Pure NumPy and OpenCV: no Django, no paths, no settings, no clock.
"""

from markers.compiler.alike import CONFUSABLE, Likeness, compare, confusable, likeness_of
from markers.compiler.analyze import Analysis, PreScore, analyze_image, heat_map, prescore
from markers.compiler.compile import COMPILER_VERSION, CompiledTarget, compile_target
from markers.compiler.errors import UnusableImage
from markers.compiler.options import LEAN, ROBUST, CompileOptions, OptionOutOfRange
from markers.compiler.reasons import REASONS

__all__ = [
    "COMPILER_VERSION",
    "CONFUSABLE",
    "LEAN",
    "REASONS",
    "ROBUST",
    "Analysis",
    "CompileOptions",
    "CompiledTarget",
    "Likeness",
    "OptionOutOfRange",
    "PreScore",
    "UnusableImage",
    "analyze_image",
    "compare",
    "compile_target",
    "confusable",
    "heat_map",
    "likeness_of",
    "prescore",
]
