"""Every route that is served outside of the back office, read off the URL conf."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.views import APIView


@dataclass(frozen=True, slots=True)
class Route:
    """One of them.

    Attributes:
        name: as it is reversed; the path of one without a name.
        view: what serves it.
    """

    name: str
    view: Callable[..., Any]

    @property
    def api(self) -> type[APIView] | None:
        """The class of Django REST Framework that serves it; None for a plain view."""
        cls = getattr(self.view, "cls", None)
        return cls if cls is not None and issubclass(cls, APIView) else None


def all_routes() -> Iterator[Route]:
    """All of them."""
    yield from _within(get_resolver(), "", "")


def _within(resolver: URLResolver, namespace: str, path: str) -> Iterator[Route]:
    for pattern in resolver.url_patterns:
        here = f"{path}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            inner = f"{pattern.namespace}:" if pattern.namespace else namespace
            if inner != "admin:":  # tests/whole/test_admin_isolation.py
                yield from _within(pattern, inner, here)
        elif isinstance(pattern, URLPattern):
            name = f"{namespace}{pattern.name}" if pattern.name else f"/{here}"
            yield Route(name, pattern.callback)
