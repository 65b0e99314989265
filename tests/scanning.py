"""What a phone's camera app reads off a page: ZXing, a decoder that is not ours."""

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray


def scanned(page: NDArray[np.uint8]) -> str:
    """Read the one QR code of a grey page, 0 dark and 255 light; "" if none can be read."""
    codes = zxingcpp.read_barcodes(
        page, formats=zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])
    )
    return codes[0].text if len(codes) == 1 else ""


def scanned_file(data: bytes) -> str:
    """Read the one QR code of a PNG or JPEG file."""
    page = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert page is not None
    return scanned(page.astype(np.uint8))
