"""What goes in when markers are asked for, and what comes out."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from markers.models import Marker, MarkerBatch, MarkerPreset
from markers.options import checked_options


class MarkerFailureSerializer(serializers.Serializer[Any]):
    """Why it failed, and what to do about it."""

    code = serializers.CharField()
    hint = serializers.CharField()


class MarkerSerializer(serializers.ModelSerializer[Marker]):
    """A marker with all that is known of it."""

    failure = serializers.SerializerMethodField()

    class Meta:
        model = Marker
        fields = [
            "id", "status", "failure", "width_px", "height_px", "options", "quality_score",
            "quality_report", "picture_url", "preview_url", "target_url", "compiler_version",
            "compile_seconds", "attempt", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(MarkerFailureSerializer(allow_null=True))
    def get_failure(self, marker: Marker) -> dict[str, str] | None:
        if marker.status != Marker.Status.FAILED:
            return None
        return {"code": marker.failure_code, "hint": marker.shown_hint}


class MarkerPresetSerializer(serializers.ModelSerializer[MarkerPreset]):
    """A preset of the caller's organisation."""

    class Meta:
        model = MarkerPreset
        fields = ["id", "name", "options", "created_at"]
        read_only_fields = ["id", "created_at"]

    def validate_options(self, options: Any) -> dict[str, Any]:
        """Take no option that the compiler does not know."""
        return checked_options(options)


class RecompileSerializer(serializers.Serializer[Any]):
    """What to compile with from now on; nothing keeps what was."""

    options = serializers.DictField(required=False)

    def validate_options(self, options: Any) -> dict[str, Any]:
        """Take no option that the compiler does not know."""
        return checked_options(options)


class BatchUploadSerializer(serializers.Serializer[Any]):
    """Up to a hundred pictures, compiled alike."""

    images = serializers.ListField(
        child=serializers.FileField(allow_empty_file=True), min_length=1, max_length=100
    )
    preset = serializers.CharField(required=False, help_text="The name of a preset.")


class ItemErrorSerializer(serializers.Serializer[Any]):
    """Why a picture can't be used."""

    code = serializers.CharField()
    detail = serializers.CharField(source="message")
    hint = serializers.CharField()


class BatchItemSerializer(serializers.Serializer[Any]):
    """What became of one picture: a marker, or an error."""

    name = serializers.CharField()
    marker = serializers.UUIDField(source="marker.pk", allow_null=True, default=None)
    error = ItemErrorSerializer(allow_null=True)


class BatchMadeSerializer(serializers.Serializer[Any]):
    """A batch just sent."""

    id = serializers.UUIDField()
    items = BatchItemSerializer(many=True)


class BatchSerializer(serializers.ModelSerializer[MarkerBatch]):
    """How far a batch is."""

    counts = serializers.SerializerMethodField(help_text="Markers by status.")
    markers = MarkerSerializer(many=True)

    class Meta:
        model = MarkerBatch
        fields = ["id", "created_at", "counts", "markers"]
        read_only_fields = fields

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "integer"}})
    def get_counts(self, batch: MarkerBatch) -> dict[str, int]:
        statuses = [marker.status for marker in batch.markers.all()]
        return {status: statuses.count(status) for status in Marker.Status.values}
