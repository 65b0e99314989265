"""Every error of the API is one shape: RFC 9457 `application/problem+json`.

`type` (`urn:vertexar:problem:<code>`) is what a client branches on; `errors` point at the fields
with RFC 6901 pointers; `instance` is the request's id. A bug is let through to `server_error`.
"""

import errno
import logging
from collections.abc import Iterator
from http import HTTPStatus
from math import ceil
from typing import Any, TypedDict

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import (
    Http404,
    HttpRequest,
    HttpResponseBase,
    JsonResponse,
    UnreadablePostError,
)
from django.utils.translation import gettext as _
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from vertexar import request_id
from vertexar.errors import (
    Conflict,
    DomainError,
    NotAllowed,
    NotSignedIn,
    NotThere,
    TooManyRequests,
)

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
STATUS: dict[type[DomainError], HTTPStatus] = {  # the first that fits
    Conflict: HTTPStatus.CONFLICT,
    NotAllowed: HTTPStatus.FORBIDDEN,
    NotThere: HTTPStatus.NOT_FOUND,
    NotSignedIn: HTTPStatus.UNAUTHORIZED,
    TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    DomainError: HTTPStatus.BAD_REQUEST,
}


# What may be raised before a request is counted.
REFUSED_EARLY = (
    NotAllowed,
    NotSignedIn,
    exceptions.NotAuthenticated,
    exceptions.AuthenticationFailed,
    exceptions.PermissionDenied,
    PermissionDenied,
)


class FieldError(TypedDict):
    """What is wrong with one field."""

    pointer: str
    code: str
    detail: str


def problem_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Answer an expected error; None for a bug, which Django's `handler500` answers."""
    exc = _within_limits(exc, context)
    if isinstance(exc, DomainError):
        return _response(_of_domain(exc), headers=_headers_of(exc))
    if isinstance(exc, RequestDataTooBig):
        body = _problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "request_too_large", _("The upload is too large.")
        )
        return _response(body)
    if isinstance(exc, UnreadablePostError):
        detail = _("The upload broke off. Send it again.")
        return _response(_problem(HTTPStatus.BAD_REQUEST, "upload_broke_off", detail))
    if isinstance(exc, OSError) and exc.errno in {errno.ENOSPC, errno.EDQUOT}:
        logger.exception("no room left for an upload")
        detail = _("There is no room left here. Nothing was kept; tell the operator.")
        return _response(_problem(HTTPStatus.INSUFFICIENT_STORAGE, "storage_full", detail))
    error = exc
    if isinstance(exc, Http404):
        error = exceptions.NotFound()
    elif isinstance(exc, PermissionDenied):
        error = exceptions.PermissionDenied()
    response = exception_handler(error, context)
    if response is None or not isinstance(error, exceptions.APIException):
        return None
    errors = list(_field_errors(error.detail))
    code = errors[0]["code"] if len(errors) == 1 else "invalid"
    body = _problem(HTTPStatus(response.status_code), code, errors[0]["detail"])
    if any(item["pointer"] for item in errors):
        body["errors"] = errors
    return _response(body, headers=dict(response.items()))


def answer(error: DomainError) -> JsonResponse:
    """Answer an expected error outside of the API's views."""
    response = _json(_of_domain(error))
    for name, value in _headers_of(error).items():
        response[name] = value
    return response


def too_many_requests(*, retry_after_s: int) -> TooManyRequests:
    """The error for whoever asks too often."""
    return TooManyRequests(
        _("You ask too often."),
        retry_after_s=retry_after_s,
        hint=_("Try again in %(seconds)d s.") % {"seconds": retry_after_s},
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer what Django refuses before a view is reached."""
    if not _is_api(request):
        return defaults.bad_request(request, exception)
    return _json(_problem(HTTPStatus.BAD_REQUEST, "bad_request", _("This can't be understood.")))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer for a path that is no route."""
    if not _is_api(request):
        return defaults.page_not_found(request, exception)
    return _json(_problem(HTTPStatus.NOT_FOUND, "not_found", _("There is nothing here.")))


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Answer for a bug: the id of the request is what to report."""
    if not _is_api(request):
        return defaults.server_error(request)
    detail = _("Something went wrong on our side.")
    return _json(_problem(HTTPStatus.INTERNAL_SERVER_ERROR, "server_error", detail))


def _within_limits(exc: Exception, context: dict[str, Any]) -> Exception:
    """Count a request that was refused first: guessing tokens has the same limits as all else."""
    if isinstance(exc, REFUSED_EARLY):
        try:
            context["view"].check_throttles(context["request"])
        except exceptions.Throttled as throttled:
            exc = throttled
    if isinstance(exc, exceptions.Throttled):
        return too_many_requests(retry_after_s=ceil(getattr(exc, "wait", None) or 1))
    return exc


def _of_domain(error: DomainError) -> dict[str, Any]:
    status = next(status for kind, status in STATUS.items() if isinstance(error, kind))
    body = _problem(status, error.code, error.message)
    if error.hint:
        body["hint"] = str(error.hint)
    if error.field:
        pointed: FieldError = {
            "pointer": f"/{error.field}",
            "code": error.code,
            "detail": body["detail"],
        }
        body["errors"] = [pointed]
    return body


def _headers_of(error: DomainError) -> dict[str, str]:
    if isinstance(error, TooManyRequests):
        return {"Retry-After": str(error.retry_after_s)}
    return {"WWW-Authenticate": 'Bearer realm="api"'} if isinstance(error, NotSignedIn) else {}


def _problem(status: HTTPStatus, code: str, detail: str) -> dict[str, Any]:
    return {
        "type": f"urn:vertexar:problem:{code}",
        "title": status.phrase,
        "status": status.value,
        "detail": _encodable(detail),
        "instance": request_id.current.get(),
    }


def _response(body: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    kept = {k: v for k, v in (headers or {}).items() if k in {"WWW-Authenticate", "Retry-After"}}
    return Response(body, status=body["status"], headers=kept, content_type=CONTENT_TYPE)


def _json(body: dict[str, Any]) -> JsonResponse:
    return JsonResponse(body, status=body["status"], content_type=CONTENT_TYPE)


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def _field_errors(detail: Any, pointer: str = "") -> Iterator[FieldError]:
    if isinstance(detail, dict) and "detail" not in detail:
        for name, inner in detail.items():
            step = "" if name == "non_field_errors" else f"/{name}"
            yield from _field_errors(inner, pointer + step)
    elif isinstance(detail, dict):  # simplejwt: {"detail": …, "code": …}
        yield {
            "pointer": pointer,
            "code": str(detail.get("code", "invalid")),
            "detail": str(detail["detail"]),
        }
    elif isinstance(detail, list) and any(isinstance(item, dict) for item in detail):
        for index, inner in enumerate(detail):
            yield from _field_errors(inner, f"{pointer}/{index}")
    elif isinstance(detail, list):
        for inner in detail:
            yield from _field_errors(inner, pointer)
    else:
        yield {
            "pointer": _encodable(pointer),
            "code": detail.code,
            "detail": _encodable(detail),
        }


def _encodable(text: object) -> str:
    """Take out what JSON can say and UTF-8 can't: half of a surrogate pair."""
    return str(text).encode(errors="replace").decode()
