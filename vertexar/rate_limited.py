"""Rate limits of pages, and of whatever else is no view of the API."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from vertexar.api import problems
from vertexar.errors import TooManyRequests
from vertexar.throttles import Limit, Usage, address_of, tell

View = Callable[..., HttpResponseBase]
RefusalPage = Callable[[HttpRequest, TooManyRequests], HttpResponse]

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def limited(
    limit: Limit,
    *,
    page: RefusalPage | None = None,
    counts_reads: bool = True,
    who: Callable[[HttpRequest], str] = address_of,
) -> Callable[[View], View]:
    """Limit a view.

    Args:
        limit: how often.
        page: makes the page for people who ask too often; programs get a problem.
        counts_reads: whether GET and HEAD are limited as well.
        who: whom to count a request for: where it comes from, if not said otherwise.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def counted(request: HttpRequest, /, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if counts_reads or request.method not in SAFE_METHODS:
                usage = limit.count(request, who(request))
                if usage is not None and usage.is_over:
                    return _refusal(request, usage, page)
            return view(request, *args, **kwargs)

        return counted

    return decorate


def _refusal(request: HttpRequest, usage: Usage, page: RefusalPage | None) -> HttpResponse:
    error = problems.too_many_requests(retry_after_s=usage.resets_in_s)
    if page is not None and request.accepts("text/html"):
        response = page(request, error)
    else:
        response = problems.answer(error)
    response["Retry-After"] = str(usage.resets_in_s)
    response["Cache-Control"] = "no-store"
    tell(response, [usage])
    return response
