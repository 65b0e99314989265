"""What goes in when markers are asked for, and what comes out."""

from typing import Any, NoReturn

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from markers.files import files_of
from markers.models import Marker, MarkerBatch, MarkerPreset
from markers.options import PHYSICAL_WIDTH_MM, PROFILES, checked_options, no_options

MERGED_AT_ONCE = 100


class CompileOptionsSerializer(serializers.Serializer[Any]):
    """What may be chosen about compiling, for the documentation; `OptionsField` checks it."""

    profile = serializers.ChoiceField(PROFILES, required=False)
    enhance = serializers.BooleanField(
        required=False, help_text="Try more contrast on a poor picture; it is kept if it helps."
    )
    physical_width_mm = serializers.FloatField(
        required=False,
        min_value=PHYSICAL_WIDTH_MM[0],
        max_value=PHYSICAL_WIDTH_MM[1],
        help_text="Width of the print; the NFT files are made for 150 dpi where it is not known.",
    )


@extend_schema_field(CompileOptionsSerializer)
class OptionsField(serializers.JSONField):
    """Compile options: an object, or in a form its JSON."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Take what the compiler knows, and nothing else.

        Raises:
            UnusableOptions: it is something else, or no JSON at all.
        """
        try:
            options = super().to_internal_value(data)
        except RecursionError as error:
            raise no_options() from error
        return checked_options(options)

    def fail(self, key: str, **kwargs: Any) -> NoReturn:
        """Refuse null and broken JSON as any other options that are none."""
        if key == "required":
            super().fail(key, **kwargs)
        raise no_options()


class MarkerFailureSerializer(serializers.Serializer[Any]):
    """Why it failed, and what to do about it."""

    code = serializers.CharField()
    hint = serializers.CharField()


class TargetFileSerializer(serializers.Serializer[Any]):
    """One file that a runtime recognises the marker by."""

    url = serializers.URLField()
    bytes = serializers.IntegerField(allow_null=True)


class LookAlikeSerializer(serializers.Serializer[Any]):
    """A marker that a camera may take for this one."""

    marker = serializers.UUIDField()
    likeness = serializers.FloatField(min_value=0, max_value=1)


class MarkerSerializer(serializers.ModelSerializer[Marker]):
    """A marker with all that is known of it."""

    failure = serializers.SerializerMethodField()
    files = serializers.SerializerMethodField(
        help_text="By extension: mind for our viewer and MindAR; iset, fset, fset3 for AR.js."
    )
    stars = serializers.SerializerMethodField(help_text="0 to 5.")
    reasons = serializers.SerializerMethodField(help_text="What keeps the quality low, as codes.")
    look_alikes = serializers.SerializerMethodField(
        help_text="Markers that a camera may take for this one, most alike first."
    )

    class Meta:
        model = Marker
        fields = [
            "id", "status", "failure", "width_px", "height_px", "options", "quality_score",
            "stars", "reasons", "quality_report", "nft_report", "look_alikes",
            "picture_url", "preview_url", "heat_map_url", "target_url", "files",
            "compiler_version", "compile_seconds", "attempt", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(MarkerFailureSerializer(allow_null=True))
    def get_failure(self, marker: Marker) -> dict[str, str] | None:
        if marker.status != Marker.Status.FAILED:
            return None
        return {"code": marker.failure_code, "hint": marker.shown_hint}

    @extend_schema_field(serializers.DictField(child=TargetFileSerializer()))
    def get_files(self, marker: Marker) -> dict[str, dict[str, Any]]:
        return files_of(marker)

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_stars(self, marker: Marker) -> int | None:
        return marker.quality_report.get("stars")

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_reasons(self, marker: Marker) -> list[str]:
        return list(marker.quality_report.get("reasons", []))

    @extend_schema_field(LookAlikeSerializer(many=True))
    def get_look_alikes(self, marker: Marker) -> list[dict[str, Any]]:
        """Take them from the row where they were read with it, else ask for them."""
        if hasattr(marker, "look_alike_ids"):
            return list(marker.look_alike_ids)
        pairs = marker.look_alike_markers()
        return [{"marker": other.pk, "likeness": likeness} for other, likeness in pairs]


class MarkerPresetSerializer(serializers.ModelSerializer[MarkerPreset]):
    """A preset of the caller's organisation."""

    options = OptionsField(required=False)

    class Meta:
        model = MarkerPreset
        fields = ["id", "name", "options", "created_at"]
        read_only_fields = ["id", "created_at"]


class RecompileSerializer(serializers.Serializer[Any]):
    """What to compile with from now on; nothing keeps what was."""

    options = OptionsField(required=False)


class MergeSerializer(serializers.Serializer[Any]):
    """Which markers to put into one file, in their order."""

    markers = serializers.ListField(
        child=serializers.UUIDField(), min_length=1, max_length=MERGED_AT_ONCE
    )


class BatchUploadSerializer(serializers.Serializer[Any]):
    """Up to a hundred pictures, compiled alike."""

    images = serializers.ListField(
        child=serializers.FileField(allow_empty_file=True), min_length=1, max_length=100
    )
    preset = serializers.CharField(required=False, help_text="The name of a preset.")
    options = OptionsField(required=False, help_text="JSON; they go before the preset's.")


class ItemErrorSerializer(serializers.Serializer[Any]):
    """Why a picture can't be used or kept."""

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
