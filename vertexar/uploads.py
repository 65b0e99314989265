"""Uploads go to disk as they arrive; a request that is too large is refused before that."""

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import TemporaryFileUploadHandler


class DiskUploadHandler(TemporaryFileUploadHandler):
    """Django's handler for temporary files, with a limit on the whole request."""

    def handle_raw_input(
        self,
        input_data: Any,
        META: dict[str, str],  # noqa: N803
        content_length: int,
        boundary: str,
        encoding: str | None = None,
    ) -> None:
        """Refuse by the announced length; Django reads no more than was announced.

        Raises:
            RequestDataTooBig: answered as 413 by the API.
        """
        if content_length > settings.UPLOAD_MAX_BYTES:
            raise RequestDataTooBig(f"At most {settings.UPLOAD_MAX_BYTES} bytes in one request.")
