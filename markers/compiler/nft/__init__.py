"""Turns a picture into the three files that AR.js and jsartoolkitNFT recognise it by.

Pure NumPy and OpenCV: no Django, no paths, no settings, no clock.
"""

from markers.compiler.nft.compile import NftTarget, compile_nft, compile_nft_picture
from markers.compiler.nft.layers import DpiSource
from markers.compiler.nft.options import NftOptions

__all__ = ["DpiSource", "NftOptions", "NftTarget", "compile_nft", "compile_nft_picture"]
