"""Where requests come in: what they say of their encoding is not let near anything."""

from typing import Any

from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.utils.http import parse_header_parameters


class Request(WSGIRequest):
    """A request whose text is UTF-8, as browsers send it and RFC 8259 has it for JSON.

    Django looks the `charset` of the content type up among Python's codecs, before anything catches
    errors: one that is none, or none of text (`zip`), is an error of the server.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        self.content_type, self.content_params = parse_header_parameters(
            meta.get("CONTENT_TYPE", "")
        )


class Handler(WSGIHandler):
    """Django's handler with our kind of request."""

    request_class = Request
