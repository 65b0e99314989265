"""QR codes as vector, as pixels and for the terminal. What they say is the caller's business.

Always error correction Q, which reads with a quarter of the code damaged, and the four modules of
quiet zone that ISO/IEC 18004 asks for.
"""

import io

import qrcode
from PIL import Image
from qrcode.constants import ERROR_CORRECT_Q

_QUIET_ZONE_MODULES = 4
_SVG_PX_PER_MODULE = 8
_BLACK_ON_WHITE, _RESET = "\x1b[38;5;16;48;5;231m", "\x1b[0m"
_HALF_BLOCKS = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def qr_svg(text: str) -> bytes:
    """Draw as SVG: one path of whole modules, no style that a strict CSP would block."""
    modules = _modules(text)
    side = len(modules)
    path = "".join(
        f"M{start} {y}h{end - start}v1h-{end - start}z"
        for y, row in enumerate(modules)
        for start, end in _runs(row)
    )
    side_px = side * _SVG_PX_PER_MODULE
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{side_px}" height="{side_px}"'
        f' viewBox="0 0 {side} {side}" shape-rendering="crispEdges">'
        f'<rect width="{side}" height="{side}" fill="#fff"/><path d="{path}"/></svg>'
    ).encode()


def qr_png(text: str, *, size_px: int) -> bytes:
    """Draw as a black and white PNG of exactly ``size_px`` squared.

    Modules are whole pixels; what is left over widens the quiet zone.

    Raises:
        ValueError: a module would be smaller than a pixel.
    """
    modules = _modules(text)
    scale = size_px // len(modules)
    if scale < 1:
        raise ValueError(f"This text needs {len(modules)} px or more, {size_px} were asked for.")
    code = Image.new("1", (len(modules), len(modules)), 1)
    code.putdata([not is_dark for row in modules for is_dark in row])
    code = code.resize((len(modules) * scale,) * 2, Image.Resampling.NEAREST)
    page = Image.new("1", (size_px, size_px), 1)
    page.paste(code, ((size_px - code.width) // 2,) * 2)
    buffer = io.BytesIO()
    page.save(buffer, "PNG")
    return buffer.getvalue()


def qr_terminal(text: str, *, colour: bool = True) -> str:
    """Draw with half-block characters, two rows of modules a line.

    With ``colour`` it is black on white whatever the terminal's own colours are. Without, for logs
    and pipes, it is written in blocks for the light modules, as on a dark page.
    """
    modules = _modules(text)
    if len(modules) % 2:
        modules.append([False] * len(modules))
    lines = []
    for upper, lower in zip(modules[::2], modules[1::2], strict=True):
        pairs = zip(upper, lower, strict=True)
        if colour:
            blocks = "".join(_HALF_BLOCKS[pair] for pair in pairs)
            lines.append(f"{_BLACK_ON_WHITE}{blocks}{_RESET}")
        else:
            lines.append("".join(_HALF_BLOCKS[not above, not below] for above, below in pairs))
    return "\n".join(lines)


def _modules(text: str) -> list[list[bool]]:
    """Rows of modules with the quiet zone around them; True is dark."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_Q, border=_QUIET_ZONE_MODULES)
    code.add_data(text)
    code.make(fit=True)
    return [[bool(is_dark) for is_dark in row] for row in code.get_matrix()]


def _runs(row: list[bool]) -> list[tuple[int, int]]:
    """Start and end of each unbroken stretch of dark modules."""
    edges = [x for x, (left, right) in enumerate(zip([False, *row], [*row, False], strict=True))
             if left != right]  # fmt: skip
    return list(zip(edges[::2], edges[1::2], strict=True))
