"""What goes in when content is made, and what comes out when it is asked for."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from arcontent.links import LinkValidator
from arcontent.models import ARContent, Captions, ContentStatus, Video, VideoFit, WhenLost
from arcontent.statistics import Event
from markers.api.serializers import OptionsField
from markers.models import Marker


class ContentUploadSerializer(serializers.Serializer[Any]):
    """A picture and a video. Whether the files are any good is decided by the service."""

    title = serializers.CharField(max_length=200)
    image = serializers.FileField(allow_empty_file=True, help_text="JPEG, PNG, WebP or HEIC.")
    video = serializers.FileField(allow_empty_file=True, help_text="Any video ffmpeg reads.")
    preset = serializers.CharField(
        required=False, help_text="The name of a preset to compile the picture with."
    )
    options = OptionsField(
        required=False, help_text="JSON, to compile the picture with; before those of a preset."
    )
    call_to_action_label = serializers.CharField(max_length=60, required=False)
    call_to_action_url = serializers.URLField(
        max_length=500, required=False, validators=[LinkValidator()]
    )
    video_fit = serializers.ChoiceField(
        VideoFit.choices, required=False, help_text="How a video of another shape is fitted."
    )
    when_lost = serializers.ChoiceField(
        WhenLost.choices,
        required=False,
        help_text="What becomes of the video when the picture leaves the camera's view.",
    )
    stacked_alpha = serializers.BooleanField(
        required=False,
        help_text="The video's lower half says how opaque its upper half is: white is solid.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A button needs a text and a link."""
        if ("call_to_action_label" in attrs) != ("call_to_action_url" in attrs):
            message = "Send call_to_action_label and call_to_action_url together."
            raise serializers.ValidationError(message, code="call_to_action_incomplete")
        return attrs


class MarkerSummarySerializer(serializers.ModelSerializer[Marker]):
    """The marker of a content, as far as its maker cares."""

    class Meta:
        model = Marker
        fields = ["id", "status", "quality_score", "picture_url", "preview_url"]


class CaptionsUploadSerializer(serializers.Serializer[Any]):
    """A file of captions. Whether it is any good is decided by the service."""

    file = serializers.FileField(
        allow_empty_file=True, help_text="WebVTT or SubRip, in UTF-8, up to 256 kB."
    )


class CaptionsSerializer(serializers.ModelSerializer[Captions]):
    """What is said in a video, in one language."""

    class Meta:
        model = Captions
        fields = [
            "id", "language", "label", "cue_count", "ends_s", "url", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = fields


class VideoSummarySerializer(serializers.ModelSerializer[Video]):
    """A video of a content."""

    captions = CaptionsSerializer(many=True)

    class Meta:
        model = Video
        fields = [
            "id", "status", "enabled", "width_px", "height_px", "duration_s", "size_bytes",
            "captions",
        ]  # fmt: skip


class FailureSerializer(serializers.Serializer[Any]):
    """What went wrong, and what to do about it."""

    part = serializers.ChoiceField(["image", "video"])
    code = serializers.CharField()
    hint = serializers.CharField()


class ContentSerializer(serializers.ModelSerializer[ARContent]):
    """A content with its parts."""

    status = serializers.SerializerMethodField()
    failure = serializers.SerializerMethodField()
    marker = MarkerSummarySerializer()
    videos = VideoSummarySerializer(many=True)

    class Meta:
        model = ARContent
        fields = [
            "id", "code", "title", "status", "failure", "viewer_url", "qr_url", "marker", "videos",
            "call_to_action_label", "call_to_action_url", "video_fit", "when_lost",
            "stacked_alpha", "created_at",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(ContentStatus.choices))
    def get_status(self, content: ARContent) -> str:
        return content.status.value

    @extend_schema_field(FailureSerializer(allow_null=True))
    def get_failure(self, content: ARContent) -> dict[str, str] | None:
        return content.failure


class DaySerializer(serializers.Serializer[Any]):
    """One day's counts."""

    day = serializers.DateField()
    opened = serializers.IntegerField()
    found = serializers.IntegerField()
    played = serializers.IntegerField()
    clicked = serializers.IntegerField()


class TotalSerializer(serializers.Serializer[Any]):
    """All days' counts."""

    opened = serializers.IntegerField()
    found = serializers.IntegerField()
    played = serializers.IntegerField()
    clicked = serializers.IntegerField()


class StatsSerializer(serializers.Serializer[Any]):
    """What viewers did with a content."""

    total = TotalSerializer()
    days = DaySerializer(many=True)


class EventSerializer(serializers.Serializer[Any]):
    """A viewer's beacon. It says nothing about the viewer."""

    code = serializers.CharField(max_length=32)
    event = serializers.ChoiceField(Event.choices)
