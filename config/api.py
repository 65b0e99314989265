"""Every API route on one page."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from accounts.api.views import LoginView, RefreshView
from arcontent.api.views import ContentViewSet, EventView

urlpatterns = [
    path("auth/login", LoginView.as_view(), name="login"),
    path("auth/refresh", RefreshView.as_view(), name="refresh"),
    path("contents", ContentViewSet.as_view({"get": "list", "post": "create"}), name="contents"),
    path("contents/<uuid:pk>", ContentViewSet.as_view({"get": "retrieve"}), name="content"),
    path(
        "contents/<uuid:pk>/stats", ContentViewSet.as_view({"get": "stats"}), name="content-stats"
    ),
    path("events", EventView.as_view(), name="events"),
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    path("docs", SpectacularSwaggerSplitView.as_view(url_name="api:schema"), name="docs"),
]
