"""The admin site: its names, its order, and the page that one comes to first."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from accounts import lockout
from accounts.otp import door
from accounts.otp.door import CodeView
from accounts.otp.pages import SecondFactorView
from accounts.social import providers
from arcontent.models import ARContent
from vertexar.rate_limited import limited
from vertexar.throttles import AUTH

STUDIO = ["arcontent", "markers"]  # what is needed most comes first
RECENT = 6
# Django's own sentences, which our catalogue says in a Russian that suits words of every gender.
SAID_BETTER = [
    gettext_noop("The {name} “{obj}” was added successfully."),
    gettext_noop("The {name} “{obj}” was added successfully. You may edit it again below."),
    gettext_noop("The {name} “{obj}” was changed successfully."),
    gettext_noop("The {name} “{obj}” was changed successfully. You may edit it again below."),
    gettext_noop("The %(name)s “%(obj)s” was deleted successfully."),
    gettext_noop("Add another %(verbose_name)s"),
]


class BackOffice(AdminSite):
    """The studio's back office."""

    site_title = "Vertex AR"
    site_header = "Vertex AR"
    index_title = _("Studio")
    site_url = None  # "/" leads here
    login_form = door.PasswordStepForm

    def has_permission(self, request: HttpRequest) -> bool:
        """Let the session slide with every look at the desk: it ends so long after the last."""
        request.session.modified = not request.session.is_empty()
        return super().has_permission(request) and door.may_pass(request)

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Leave out the lists of django-allauth: what it reads stands in the settings."""
        if admin_class is None or not admin_class.__module__.startswith("allauth."):
            super().register(model_or_iterable, admin_class, **options)

    def get_urls(self) -> list[Any]:
        """Put the pages of the second factor beside Django's own; they guard themselves."""
        second_step = limited(AUTH, page=lockout.page, counts_reads=False)(
            lockout.judging()(CodeView.as_view(site=self))
        )
        return [
            path("second-step/", second_step, name="second-step"),
            path("second-factor/", SecondFactorView.as_view(site=self), name="second-factor"),
            *super().get_urls(),
        ]

    @method_decorator(limited(AUTH, page=lockout.page, counts_reads=False))
    @method_decorator(lockout.judging())
    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Judge tries to sign in one after another, and not too many; lead to the second step."""
        context = {"social_providers": providers.buttons(), **(extra_context or {})}
        return door.next_step(request, super().login(request, context))

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Put what is needed most first, and markers with what is shown on them."""
        apps = super().get_app_list(request, app_label)
        apps.sort(key=lambda app: [*STUDIO, app["app_label"]].index(app["app_label"]))
        studio = [app for app in apps if app["app_label"] in STUDIO]
        if app_label is not None or not studio:
            return apps
        models = [model for app in studio for model in app["models"]]
        rest = [app for app in apps if app not in studio]
        return [studio[0] | {"name": _("Studio"), "models": models}, *rest]

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Show what was made last, and what to do next."""
        desk = self.get_model_admin(ARContent)
        if desk.has_view_permission(request):
            shown = {
                "recent": desk.get_queryset(request)[:RECENT],
                "may_upload": desk.has_add_permission(request),
            }
            extra_context = shown | (extra_context or {})
        return super().index(request, extra_context)
