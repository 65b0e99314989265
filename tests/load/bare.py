"""The least that Django can be: one view, no middleware, no database: what the machine can do."""

from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import re_path


def view(request: HttpRequest) -> JsonResponse:
    """Answer a few words, whatever is asked."""
    return JsonResponse({"path": request.path})


urlpatterns: list[Any] = [re_path("", view)]

settings.configure(
    ALLOWED_HOSTS=["*"], MIDDLEWARE=[], ROOT_URLCONF=__name__, SECRET_KEY="of nobody's use here"
)
application = get_wsgi_application()
