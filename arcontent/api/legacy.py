"""The list of content under the path of version 1.1.0."""

from drf_spectacular.utils import extend_schema, extend_schema_view

from arcontent.api.views import ContentViewSet
from vertexar.api.superseded import SupersededView


@extend_schema_view(
    list=extend_schema(
        operation_id="legacy_content_list",
        description="List content; ask `/api/v1/contents` instead.",
        deprecated=True,
    )
)
class LegacyListViewSet(SupersededView, ContentViewSet):
    """Content under the old path, as the new one answers it."""

    successor = "api:contents"
