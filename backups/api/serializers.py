"""What comes out when operators ask for backups."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from backups.models import BackupRun
from vertexar.leases import JobStatus


class RunFilterSerializer(serializers.Serializer[Any]):
    """Which backups are wanted."""

    status = serializers.ChoiceField(JobStatus.choices, required=False)


class RunFailureSerializer(serializers.Serializer[Any]):
    """What went wrong, and what to do about it."""

    code = serializers.CharField()
    hint = serializers.CharField()


class PartSerializer(serializers.Serializer[Any]):
    """One file of a backup, as stored and before encryption."""

    name = serializers.CharField(help_text="database, configuration or media-index.")
    path = serializers.CharField()
    size = serializers.IntegerField()
    sha256 = serializers.CharField()
    plain_size = serializers.IntegerField()
    plain_sha256 = serializers.CharField()


class PlaceSerializer(serializers.Serializer[Any]):
    """Where a backup was to be written."""

    name = serializers.CharField()
    failure = serializers.CharField(help_text="Empty where it is whole.")


class BackupRunSerializer(serializers.ModelSerializer[BackupRun]):
    """A backup with all that is known of it."""

    failure = serializers.SerializerMethodField(
        help_text="Also of a ready one, which was made but lacks something."
    )
    parts = PartSerializer(many=True)
    destinations = PlaceSerializer(many=True)
    encrypted_for = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = BackupRun
        fields = [
            "id", "name", "kind", "status", "failure", "night", "attempt",
            "row_count", "database_bytes", "media_count", "media_bytes", "sent_bytes",
            "destinations", "parts", "encrypted_for", "verified_at", "verify_failure",
            "restore_tested_at", "restore_failure", "restore_seconds", "unread_failure",
            "kept_until", "removed_at", "created_at", "started_at", "finished_at",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(RunFailureSerializer(allow_null=True))
    def get_failure(self, run: BackupRun) -> dict[str, str] | None:
        if not run.failure_code:
            return None
        return {"code": run.failure_code, "hint": run.shown_hint}
