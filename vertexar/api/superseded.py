"""Paths of version 1.1.0 under which old clients still ask; thin, and marked as deprecated."""

from datetime import UTC, datetime
from typing import Any, Final

from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

DEPRECATED_ON: Final = datetime(2026, 1, 1, tzinfo=UTC)


class SupersededView(APIView):
    """An old path: each answer says since when it is old (RFC 9745), and what took its place.

    Attributes:
        successor: the name of a route.
    """

    successor: str

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        """Add the two headers."""
        response["Deprecation"] = f"@{DEPRECATED_ON.timestamp():.0f}"
        response["Link"] = f'<{reverse(self.successor)}>; rel="successor-version"'
        return super().finalize_response(request, response, *args, **kwargs)
