"""The public side: the viewer's page, its manifest and captions, the QR codes, the old clicks."""

import hashlib
from http import HTTPStatus
from uuid import UUID

from csp.constants import NONE, SELF
from csp.decorators import csp_replace
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_POST, require_safe

from arcontent import qr, statistics
from arcontent.models import ARContent, Captions, ContentStatus, Video
from arcontent.statistics import Event
from arcontent.viewer.manifest import manifest_of
from vertexar.errors import TooManyRequests
from vertexar.rate_limited import limited
from vertexar.throttles import VIEWER

QR_PNG_PX = 1024  # 8 cm at 300 dpi
READY_SECONDS = 60

viewer_csp = csp_replace({"worker-src": [SELF], "form-action": [NONE]})


def too_many_requests(request: HttpRequest, error: TooManyRequests) -> HttpResponse:
    """Ask people to wait."""
    status = HTTPStatus.TOO_MANY_REQUESTS
    return render(request, "arcontent/too_many_requests.html", status=status)


@require_safe
@limited(VIEWER, page=too_many_requests)
@gzip_page  # nothing in it is secret, so that its size may tell what is in it
@viewer_csp  # type: ignore[arg-type]  # its stubs know views of one argument only
def page(request: HttpRequest, code: str) -> HttpResponse:
    """Show the viewer, or kindly say that there is no such code."""
    content = ARContent.objects.by_code(code).with_parts().first()
    if content is None:
        return render(request, "arcontent/not_found.html", status=404)
    context = {
        "content": content,
        "manifest": manifest_of(content),
        "manifest_url": reverse("manifest", args=[content.code]),
        "events_url": reverse("api:events"),
    }
    response = render(request, "arcontent/viewer.html", context)
    response["Cache-Control"] = "no-cache"
    return response


@require_safe
@limited(VIEWER)
def manifest(request: HttpRequest, code: str) -> HttpResponse:
    """Answer what the viewer needs; cacheable for a minute once there is something to show."""
    content = get_object_or_404(ARContent.objects.by_code(code).with_parts())
    response = JsonResponse(manifest_of(content))
    is_ready = content.status is ContentStatus.READY
    response["Cache-Control"] = f"public, max-age={READY_SECONDS}" if is_ready else "no-store"
    return response


@require_safe
@limited(VIEWER)
@gzip_page
def captions(request: HttpRequest, code: str, pk: UUID) -> HttpResponseBase:
    """Answer captions of a video that the manifest names, as WebVTT."""
    videos = Video.objects.playable().filter(content__in=ARContent.objects.by_code(code))
    webvtt = get_object_or_404(Captions, pk=pk, video__in=videos).webvtt.encode()
    response = HttpResponse(webvtt, content_type="text/vtt; charset=utf-8")
    response["Cache-Control"] = f"public, max-age={READY_SECONDS}"
    response["ETag"] = quote_etag(hashlib.sha256(webvtt).hexdigest())
    return get_conditional_response(request, response["ETag"], response=response) or response


@csrf_exempt
@require_POST
@limited(VIEWER)
def click(request: HttpRequest, reference: str) -> HttpResponse:
    """Count a click on the call to action under the path of version 1.1.0, by code or by id."""
    try:
        content = get_object_or_404(ARContent, pk=UUID(reference))
    except ValueError:
        content = get_object_or_404(ARContent.objects.by_code(reference))
    statistics.count(content=content, event=Event.CLICKED)
    return HttpResponse(status=204)


@require_safe
@limited(VIEWER)
def qr_vector(request: HttpRequest, code: str) -> HttpResponse:
    """The QR code as SVG, for print."""
    return _qr_response(qr.qr_svg(_viewer_url(code)), "image/svg+xml")


@require_safe
@limited(VIEWER)
def qr_raster(request: HttpRequest, code: str) -> HttpResponse:
    """The QR code as PNG, for everything else."""
    return _qr_response(qr.qr_png(_viewer_url(code), size_px=QR_PNG_PX), "image/png")


def _viewer_url(code: str) -> str:
    return get_object_or_404(ARContent.objects.by_code(code)).viewer_url


def _qr_response(body: bytes, content_type: str) -> HttpResponse:
    response = HttpResponse(body, content_type=content_type)
    response["Cache-Control"] = "public, max-age=3600"
    return response
