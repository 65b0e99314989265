"""Every API route on one page."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from accounts.api import otp
from accounts.api.invitations import AcceptView, InvitationViewSet
from accounts.api.passwords import (
    PasswordChangeView,
    PasswordResetConfirmView,
    PasswordResetView,
)
from accounts.api.people import MemberViewSet, MeView, MySessionViewSet, OrganizationViewSet
from accounts.api.personal import EraseView, PersonalDataView
from accounts.api.registration import RegisterView
from accounts.api.social import StartView, TokenView
from accounts.api.views import LoginView, LogoutView, RefreshView
from arcontent.api.captions import CaptionsViewSet
from arcontent.api.views import ContentViewSet, EventView
from backups.api.views import BackupViewSet
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
    path("auth/logout", LogoutView.as_view(), name="logout"),
    path("auth/social/token", TokenView.as_view(), name="social-token"),
    path("auth/social/<slug:provider_id>/start", StartView.as_view(), name="social-start"),
    path("auth/2fa", otp.StateView.as_view(), name="2fa"),
    path("auth/2fa/totp", otp.TotpView.as_view(), name="2fa-totp"),
    path("auth/2fa/totp/confirm", otp.TotpConfirmView.as_view(), name="2fa-totp-confirm"),
    path("auth/2fa/email", otp.EmailView.as_view(), name="2fa-email"),
    path("auth/2fa/email/confirm", otp.EmailConfirmView.as_view(), name="2fa-email-confirm"),
    path("auth/2fa/backup-codes", otp.BackupCodesView.as_view(), name="2fa-backup-codes"),
    path(
        "organizations/<uuid:organization_id>/members/<uuid:pk>/2fa",
        otp.MemberView.as_view(),
        name="member-2fa",
    ),
    path("auth/register", RegisterView.as_view(), name="register"),
    path("auth/password/change", PasswordChangeView.as_view(), name="password-change"),
    path("auth/password/reset", PasswordResetView.as_view(), name="password-reset"),
    path(
        "auth/password/reset/confirm",
        PasswordResetConfirmView.as_view(),
        name="password-reset-confirm",
    ),
    path("auth/invitations/accept", AcceptView.as_view(), name="invitation-accept"),
    path("users/me", MeView.as_view(), name="me"),
    path("users/me/sessions", MySessionViewSet.as_view({"get": "list"}), name="my-sessions"),
    path(
        "users/me/sessions/<uuid:pk>",
        MySessionViewSet.as_view({"delete": "destroy"}),
        name="my-session",
    ),
    path("organizations", OrganizationViewSet.as_view({"get": "list"}), name="organizations"),
    path(
        "organizations/<uuid:organization_id>/members",
        MemberViewSet.as_view({"get": "list"}),
        name="members",
    ),
    path(
        "organizations/<uuid:organization_id>/members/<uuid:pk>",
        MemberViewSet.as_view({"patch": "partial_update", "delete": "destroy"}),
        name="member",
    ),
    path(
        "organizations/<uuid:organization_id>/invitations",
        InvitationViewSet.as_view({"get": "list", "post": "create"}),
        name="invitations",
    ),
    path(
        "organizations/<uuid:organization_id>/invitations/<uuid:pk>",
        InvitationViewSet.as_view({"delete": "destroy"}),
        name="invitation",
    ),
    path("users/me/data", PersonalDataView.as_view(), name="my-data"),
    path("users/me/erase", EraseView.as_view(), name="erase-me"),
    path("contents", ContentViewSet.as_view({"get": "list", "post": "create"}), name="contents"),
    path("contents/<uuid:pk>", ContentViewSet.as_view({"get": "retrieve"}), name="content"),
    path(
        "contents/<uuid:pk>/stats", ContentViewSet.as_view({"get": "stats"}), name="content-stats"
    ),
    path(
        "contents/<uuid:content_id>/videos/<uuid:video_id>/captions",
        CaptionsViewSet.as_view({"get": "list"}),
        name="captions-list",
    ),
    path(
        "contents/<uuid:content_id>/videos/<uuid:video_id>/captions/<str:language>",
        CaptionsViewSet.as_view({"put": "update", "delete": "destroy"}),
        name="captions",
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
    path("backups", BackupViewSet.as_view({"get": "list", "post": "create"}), name="backups"),
    path("backups/<uuid:pk>", BackupViewSet.as_view({"get": "retrieve"}), name="backup"),
    path(
        "backups/<uuid:pk>/verify", BackupViewSet.as_view({"post": "verify"}), name="backup-verify"
    ),
    path("backups/<uuid:pk>/drill", BackupViewSet.as_view({"post": "drill"}), name="backup-drill"),
    path("events", EventView.as_view(), name="events"),
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    path("docs", SpectacularSwaggerSplitView.as_view(url_name="api:schema"), name="docs"),
]
