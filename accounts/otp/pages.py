"""One's own second factor in the back office: setting it up, new backup codes, giving it up.

Whoever must have one sees nothing else before; the others find it beside "Change password".
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, cast

import django_otp
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth import logout
from django.contrib.auth.views import RedirectURLMixin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import TemplateView

from accounts.models import User
from accounts.otp import codes, enrolment
from accounts.otp.door import CODE_PAGE, CodeForm, forget_step, may_pass
from accounts.otp.standing import EMAIL, TOTP, device_of, is_enrolled, must_enrol, standing
from vertexar.errors import DomainError

BEGUN = "second_factor_begun"  # what this session, and no other, was shown


class PasswordForm(forms.Form):
    """Who is signed in shows once more who they are."""

    password = forms.CharField(
        label=gettext_lazy("Your password"),
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, user: User, name: str, data: Any = None) -> None:
        super().__init__(data, auto_id=f"id_{name}_%s")
        if "password" in self.fields and not user.has_usable_password():
            del self.fields["password"]  # signs in elsewhere


class FirstCodeForm(PasswordForm, CodeForm):
    """The first code."""

    password = None  # type: ignore[assignment]  # Django's way to take a field away


class PasswordAndCodeForm(PasswordForm, CodeForm):
    """A password and a code."""

    field_order = ["password", "code"]


@method_decorator([sensitive_post_parameters(), never_cache], name="dispatch")
class SecondFactorView(RedirectURLMixin, TemplateView):
    """The page of one's own second factor."""

    site: AdminSite | None = None
    template_name = "accounts/otp/second_factor.html"
    form_classes: dict[str, type[PasswordForm]] = {
        "begin": PasswordForm,
        "begin_email": PasswordForm,
        "confirm": FirstCodeForm,
        "renew": PasswordForm,
        "remove": PasswordAndCodeForm,
    }

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Turn away who is not signed in, and who owes a code."""
        if not (request.user.is_active and getattr(request.user, "is_staff", False)):
            return redirect("admin:login")
        self.user = request.user
        self.is_forced = must_enrol(self.user)
        if not self.is_forced and not may_pass(request):
            return redirect(CODE_PAGE)
        self.forms = {name: kind(self.user, name) for name, kind in self.form_classes.items()}
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show how it is; to who must set it up, at once what to scan."""
        if self.is_forced and self.begun() is None:
            self.remember(enrolment.begin_totp(self.user).key)
        return super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Do what a button of the page says."""
        name = request.POST.get("do", "")
        if name == "leave":
            logout(request)
            return redirect("admin:login")
        if name not in self.forms:
            return self.back()
        form = self.forms[name] = self.form_classes[name](self.user, name, request.POST)
        steps: dict[str, Callable[[dict[str, str]], HttpResponse]] = {
            "begin": self.begin,
            "begin_email": self.begin_email,
            "confirm": self.confirm,
            "renew": self.renew,
            "remove": self.remove,
        }
        if form.is_valid():
            try:
                return steps[name](form.cleaned_data)
            except DomainError as error:
                field = error.field if error.field in form.fields else None
                form.add_error(field, ValidationError(error.message, code=error.code))
        return self.render_to_response(self.get_context_data(), status=HTTPStatus.BAD_REQUEST)

    # --- What can be done -----------------------------------------------------------------

    def begin(self, sent: dict[str, str]) -> HttpResponse:
        """Make a secret for an app."""
        codes.check_password(self.request, self.user, sent.get("password", ""))
        self.remember(enrolment.begin_totp(self.user).key)
        return self.back()

    def begin_email(self, sent: dict[str, str]) -> HttpResponse:
        """Send a first code."""
        codes.check_password(self.request, self.user, sent.get("password", ""))
        enrolment.begin_email(self.user)
        self.remember(EMAIL)
        return self.back()

    def confirm(self, sent: dict[str, str]) -> HttpResponse:
        """Take the first code; this session has shown both factors by it."""
        method = EMAIL if self.begun() == EMAIL else TOTP
        confirm = enrolment.confirm_email if method == EMAIL else enrolment.confirm_totp
        backup_codes = confirm(self.user, sent["code"])
        del self.request.session[BEGUN]
        django_otp.login(self.request, device_of(self.user))
        self.request.session.cycle_key()
        forget_step(self.request)
        return self.show_once(backup_codes)

    def renew(self, sent: dict[str, str]) -> HttpResponse:
        """Make new backup codes."""
        codes.check_password(self.request, self.user, sent.get("password", ""))
        return self.show_once(enrolment.renew_backup_codes(self.user))

    def remove(self, sent: dict[str, str]) -> HttpResponse:
        """Give the second factor up."""
        if self.user.has_usable_password():  # else the code alone shows who it is
            codes.check_password(self.request, self.user, sent.get("password", ""))
        codes.verify(self.user, sent["code"])
        enrolment.remove(self.user)
        messages.success(self.request, _("The second factor is removed."))
        return self.back()

    # --- What is shown --------------------------------------------------------------------

    def show_once(self, backup_codes: list[str]) -> HttpResponse:
        """Show backup codes. They are in this answer and nowhere else."""
        self.template_name = "accounts/otp/backup_codes.html"
        context = self.get_context_data(backup_codes=backup_codes, go_on=self.get_success_url())
        return self.render_to_response(context)

    def begun(self) -> enrolment.Enrolment | str | None:
        """What this session was shown and waits to be confirmed: an app's secret, or "email"."""
        begun = self.request.session.get(BEGUN)
        if begun in {None, EMAIL}:
            return cast("str | None", begun)
        pending = enrolment.pending_totp(self.user)
        return pending if pending is not None and pending.key == begun else None

    def remember(self, begun: int | str) -> None:
        """Keep in mind what was shown: what another session was shown must not be confirmed."""
        self.request.session[BEGUN] = begun

    def back(self) -> HttpResponseRedirect:
        """Go to this page anew."""
        return HttpResponseRedirect(self.request.get_full_path())

    def get_default_redirect_url(self) -> str:
        """Go where one was going, else to the first page."""
        return reverse("admin:index")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Say how it is."""
        enrolled = is_enrolled(self.user)
        return super().get_context_data(
            **(self.site.each_context(self.request) if self.site else {}),
            title=_("Second factor"),
            standing=standing(self.user),
            is_forced=self.is_forced,
            begun=None if enrolled else self.begun(),
            may_mail=settings.OTP_EMAIL,
            forms=self.forms,
            here=self.request.get_full_path(),
            **kwargs,
        )
