"""How good a picture is, asked over the API before anything is made of it."""

import base64
from http import HTTPStatus
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from markers.analysis import AnalysisBroke, Rating, analyze
from markers.api.unavailable import NotNow, busy_is_not_now
from markers.pictures import Picture, read_picture
from markers.services import picture_limits
from markers.wording import REASONS, VERDICTS, verdict_of
from vertexar.api.schema import problems
from vertexar.errors import UnusableUpload


class AnalyzeSerializer(serializers.Serializer[Any]):
    """A picture to be rated."""

    image = serializers.FileField(allow_empty_file=True)
    quick = serializers.BooleanField(
        default=False, help_text="Only guess the score, in a fraction of the time."
    )


class SaidSerializer(serializers.Serializer[Any]):
    """A stable code, and what it means in the reader's language."""

    code = serializers.CharField()
    text = serializers.CharField()


class AnalysisSerializer(serializers.Serializer[Any]):
    """How well phones will recognise a picture, and why."""

    quality_score = serializers.IntegerField(min_value=0, max_value=100)
    stars = serializers.IntegerField(min_value=0, max_value=5)
    verdict = SaidSerializer(help_text="One of `good`, `fair`, `poor`.")
    reasons = SaidSerializer(many=True, help_text="What keeps it from a good score.")
    report = serializers.DictField(
        help_text="What was measured; `detect_stars` and `track_stars` grade finding and following "
        "apart. Empty for a quick guess."
    )
    width_px = serializers.IntegerField()
    height_px = serializers.IntegerField()
    heat_map = serializers.CharField(
        allow_null=True, help_text="A JPEG as a data: URL; null for a quick guess."
    )


class AnalyzeView(APIView):
    """Ratings of pictures that are not kept."""

    parser_classes = [MultiPartParser]

    @extend_schema(
        operation_id="markers_analyze",
        request={"multipart/form-data": AnalyzeSerializer},
        responses={200: AnalysisSerializer, **problems(HTTPStatus.SERVICE_UNAVAILABLE)},
    )
    def post(self, request: Request) -> Response:
        """Rate a picture as a compilation would; nothing is stored."""
        return Response(rated(request))


def rated(request: Request) -> dict[str, Any]:
    """Rate the picture of a request, and say what is to be said of it.

    Raises:
        UnusableUpload: the picture can't be used.
        NotNow: it can't be rated at the moment.
    """
    serializer = AnalyzeSerializer(data=request.data)
    serializer.is_valid(raise_exception=True)
    try:
        with busy_is_not_now():
            picture = read_picture(serializer.validated_data["image"], limits=picture_limits())
            rating = analyze(picture, quick=serializer.validated_data["quick"])
    except UnusableUpload as error:
        error.field = "image"
        raise
    except AnalysisBroke as error:
        raise NotNow(error) from error
    return dict(AnalysisSerializer(_answer(picture, rating)).data)


def _answer(picture: Picture, rating: Rating) -> dict[str, Any]:
    verdict = verdict_of(rating.score)
    heat_map = rating.heat_map_jpeg
    return {
        "quality_score": rating.score,
        "stars": rating.stars,
        "verdict": {"code": verdict, "text": VERDICTS[verdict]},
        "reasons": [{"code": code, "text": REASONS.get(code, code)} for code in rating.reasons],
        "report": rating.report,
        "width_px": picture.width_px,
        "height_px": picture.height_px,
        "heat_map": heat_map and f"data:image/jpeg;base64,{base64.b64encode(heat_map).decode()}",
    }
