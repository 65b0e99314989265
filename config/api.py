"""Every API route on one page."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from accounts.api.views import LoginView, RefreshView
from arcontent.api.views import ContentViewSet, EventView
from markers.api.analysis import AnalyzeView
from markers.api.views import (
    MarkerBatchViewSet,
    MarkerFileView,
    MarkerMergeView,
    MarkerPresetViewSet,
    MarkerViewSet,
)

urlpatterns = [
    path("auth/login", LoginView.as_view(), name="login"),
    path("auth/refresh", RefreshView.as_view(), name="refresh"),
    path("contents", ContentViewSet.as_view({"get": "list", "post": "create"}), name="contents"),
    path("contents/<uuid:pk>", ContentViewSet.as_view({"get": "retrieve"}), name="content"),
    path(
        "contents/<uuid:pk>/stats", ContentViewSet.as_view({"get": "stats"}), name="content-stats"
    ),
    path("markers", MarkerViewSet.as_view({"get": "list"}), name="markers"),
    path("markers/analyze", AnalyzeView.as_view(), name="marker-analyze"),
    path("markers/batch", MarkerBatchViewSet.as_view({"post": "create"}), name="marker-batches"),
    path("markers/batch/<uuid:pk>", MarkerBatchViewSet.as_view({"get": "retrieve"}), name="batch"),
    path("markers/merge", MarkerMergeView.as_view(), name="marker-merge"),
    path("markers/<uuid:pk>", MarkerViewSet.as_view({"get": "retrieve"}), name="marker"),
    path(
        "markers/<uuid:pk>/recompile",
        MarkerViewSet.as_view({"post": "recompile"}),
        name="marker-recompile",
    ),
    path("markers/<uuid:pk>/target.<str:extension>", MarkerFileView.as_view(), name="marker-file"),
    path(
        "marker-presets",
        MarkerPresetViewSet.as_view({"get": "list", "post": "create"}),
        name="marker-presets",
    ),
    path(
        "marker-presets/<uuid:pk>",
        MarkerPresetViewSet.as_view(
            {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}
        ),
        name="marker-preset",
    ),
    path("events", EventView.as_view(), name="events"),
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    path("docs", SpectacularSwaggerSplitView.as_view(url_name="api:schema"), name="docs"),
]
