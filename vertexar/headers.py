"""Response headers that no library in use sets."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase


class PermissionsPolicyMiddleware:
    """Our own pages may ask for the camera; for nothing else, and nobody else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with the policy set."""
        response = self.get_response(request)
        response["Permissions-Policy"] = "camera=(self), microphone=(), geolocation=(), payment=()"
        return response


class ResourcePolicyMiddleware:
    """Nobody else's page may load ours as a part of it, but pictures that are made to be shown."""

    SHOWN_ELSEWHERE = ("/qr/", "/media/")

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with the policy set."""
        response = self.get_response(request)
        is_shown = request.path.startswith(self.SHOWN_ELSEWHERE)
        response["Cross-Origin-Resource-Policy"] = "cross-origin" if is_shown else "same-origin"
        return response
