"""All routes: the public pages, the API, the back office, health."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from accounts import pages
from accounts.api.legacy import LegacyLoginView, LegacyRegisterView
from accounts.api.views import jwks
from accounts.social.pages import LeavePage, ReturnPage
from arcontent.api.legacy import LegacyListViewSet
from arcontent.viewer import views as viewer
from config import observing
from markers.api.legacy import LegacyAnalyzeView, LegacyGenerateView
from vertexar import health, media, metrics_read
from vertexar.api import problems

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("ar/list", LegacyListViewSet.as_view({"get": "list"}), name="legacy-contents"),
    path("ar/<str:code>", viewer.page, name="viewer"),
    path("ar/<str:code>/manifest", viewer.manifest, name="manifest"),
    path("ar/<str:code>/captions/<uuid:pk>.vtt", viewer.captions, name="captions"),
    path("ar/<str:reference>/click", viewer.click, name="click"),
    path("qr/<str:code>.svg", viewer.qr_vector, name="qr-svg"),
    path("qr/<str:code>.png", viewer.qr_raster, name="qr-png"),
    re_path(r"^media/(?P<key>.+)$", media.serve, name="media"),
    path("api/v1/", include(("config.api", "api"))),
    path("account/verify/<str:uid>/<str:token>", pages.VerifyPage.as_view(), name="account-verify"),
    path(
        "account/address/<str:uid>/<str:address>/<str:token>",
        pages.AddressPage.as_view(),
        name="account-address",
    ),
    path(
        "account/invitation/<str:token>",
        pages.InvitationPage.as_view(),
        name="account-invitation",
    ),
    # The name by which Django's log-in page links to it.
    path("account/password", pages.AskForResetPage.as_view(), name="admin_password_reset"),
    path(
        "account/password/<str:uidb64>/<str:token>",
        pages.ResetPage.as_view(),
        name="password_reset_confirm",
    ),
    path("account/social/<slug:provider_id>/login", LeavePage.as_view(), name="social-login"),
    # The names by which django-allauth says where to come back to.
    path(
        "account/social/google/callback",
        ReturnPage.as_view(),
        {"provider_id": "google"},
        name="google_callback",
    ),
    path(
        "account/social/github/callback",
        ReturnPage.as_view(),
        {"provider_id": "github"},
        name="github_callback",
    ),
    path(
        "account/social/<slug:provider_id>/callback",
        ReturnPage.as_view(),
        name="openid_connect_callback",
    ),
    path("admin/password_change/", admin.site.admin_view(pages.OwnPasswordPage.as_view())),
    path("auth/login", LegacyLoginView.as_view(), name="legacy-login"),
    path("auth/register", LegacyRegisterView.as_view(), name="legacy-register"),
    path("nft-marker/analyze", LegacyAnalyzeView.as_view(), name="legacy-marker-analyze"),
    path("nft-marker/generate", LegacyGenerateView.as_view(), name="legacy-marker-generate"),
    path("admin/", admin.site.urls),
    path(".well-known/jwks.json", jwks, name="jwks"),
    path("health", health.view(observing.PARTS), name="health"),
    path("health/live", health.live, name="live"),
    path("health/ready", health.ready, name="ready"),
    path("metrics", metrics_read.view(*observing.COLLECTORS), name="metrics"),
    path("version", health.version, name="version"),
]

handler400 = problems.bad_request
handler404 = problems.not_found
handler500 = problems.server_error
