"""Uploads go to disk as they arrive; a request that is too large is refused before that."""

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import TemporaryFileUploadHandler

# Forms of those who are not signed in hold no files. Without this limit the check for forgery,
# which reads a form before any view is asked, would put anybody's half gigabyte on the disk.
SIGNED_OUT_MAX_BYTES = 100_000


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
        user = getattr(self.request, "user", None)
        is_known = user is not None and user.is_authenticated
        most = settings.UPLOAD_MAX_BYTES if is_known else SIGNED_OUT_MAX_BYTES
        if content_length > most:
            raise RequestDataTooBig(f"At most {most} bytes in one request.")
