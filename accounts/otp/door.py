"""The second step of signing in to the back office.

Between the steps nobody is signed in: the session only remembers, for a few minutes, whose password
was right. Who is signed in already but showed no code, as after signing in elsewhere, is led here
as well.
"""

from datetime import timedelta
from typing import Any, cast

import django_otp
from django import forms
from django.contrib.admin import AdminSite
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import REDIRECT_FIELD_NAME, login, logout
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.views import RedirectURLMixin
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView

from accounts.lockout import SIGNED_IN_BY, LockOutBackend
from accounts.models import User
from accounts.otp import codes
from accounts.otp.standing import EMAIL, email_of, is_enrolled, is_required, standing
from vertexar.errors import DomainError

PENDING = "second_step"
PATIENCE = timedelta(minutes=5)
CODE_DUE = "otp_required"
CODE_PAGE, ENROLMENT_PAGE = "admin:second-step", "admin:second-factor"


# --- Who may pass -----------------------------------------------------------------------------


def may_pass(request: HttpRequest) -> bool:
    """Whether who is signed in has shown all that they must. Asked once a request."""
    known: bool | None = getattr(request, "has_passed_second_step", None)
    if known is None:
        user = cast("User", request.user)
        shown = user.is_verified()  # type: ignore[attr-defined]  # by django-otp's middleware
        known = shown or not (is_required(user) or is_enrolled(user))
        request.has_passed_second_step = known  # type: ignore[attr-defined]
    return known


def forget_step(request: HttpRequest) -> None:
    """Ask anew whether who is signed in may pass: they have just shown a code."""
    request.has_passed_second_step = None  # type: ignore[attr-defined]


def next_step(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Lead on from the password: to the code, to setting up what is required, or nowhere else.

    Args:
        request: of the sign-in page.
        response: what that page says.
    """
    user = request.user
    if request.method == "GET" and user.is_active and getattr(user, "is_staff", False):
        if may_pass(request):
            return response
        return _to(CODE_PAGE if is_enrolled(user) else ENROLMENT_PAGE, request)
    form = (getattr(response, "context_data", None) or {}).get("form")
    if form is not None and form.has_error(NON_FIELD_ERRORS, CODE_DUE):
        return _to(CODE_PAGE, request)
    return response


class PasswordStepForm(AdminAuthenticationForm):
    """The first step. A right password is remembered, if a code is due as well."""

    def confirm_login_allowed(self, user: AbstractBaseUser) -> None:
        """Let nobody in who must show a code too.

        Raises:
            ValidationError: not for the back office; or, with the code `otp_required`, not yet.
        """
        user = cast("User", user)
        super().confirm_login_allowed(user)
        if self.request is None or not is_enrolled(user):
            return
        if (device := email_of(user)) is not None:
            codes.send_code(device)
        self.request.session.cycle_key()
        self.request.session[PENDING] = {
            "user": str(user.pk),
            "backend": user.backend,  # set by `authenticate`
            "hash": user.get_session_auth_hash(),
            "until": (timezone.now() + PATIENCE).timestamp(),
            "by": getattr(self.request, SIGNED_IN_BY, ""),
        }
        raise ValidationError(_("A code is needed as well."), code=CODE_DUE)


# --- The second step --------------------------------------------------------------------------


class CodeForm(forms.Form):
    """A code of the app or the mail, or a backup code."""

    code = forms.CharField(
        label=_("Code"),
        max_length=32,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )


@method_decorator([sensitive_post_parameters(), never_cache], name="dispatch")
class CodeView(RedirectURLMixin, FormView[CodeForm]):
    """Asks for the code."""

    site: AdminSite | None = None
    form_class = CodeForm
    template_name = "accounts/otp/code.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Turn away who has nothing to do here."""
        self.waiting = _pending_user(request)
        self.is_signed_in = self.waiting is None and request.user.is_authenticated
        if self.is_signed_in:
            self.waiting = cast("User", request.user)
        if self.waiting is None or (self.is_signed_in and may_pass(request)):
            return redirect("admin:login")
        if not is_enrolled(self.waiting):
            return _to(ENROLMENT_PAGE, request)
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Judge the code, unless this name is locked out here. Or send another mail, or leave."""
        if "leave" in request.POST:
            logout(request)
            return redirect("admin:login")
        if "again" in request.POST:
            if (device := email_of(self.user)) is not None:
                codes.send_code(device)
            return HttpResponseRedirect(request.get_full_path())
        try:
            LockOutBackend().authenticate(request, username=self.user.get_username())
        except PermissionDenied:  # the lock-out's middleware answers
            return self.form_invalid(self.get_form())
        return super().post(request, *args, **kwargs)

    def get_form(self, form_class: type[CodeForm] | None = None) -> CodeForm:
        """Have the one field of the page ready to be typed into."""
        form = super().get_form(form_class)
        form.fields["code"].widget.attrs["autofocus"] = True
        return form

    def form_valid(self, form: CodeForm) -> HttpResponse:
        """Sign in with both factors shown, or say what is wrong."""
        try:
            device = codes.check_sign_in(self.request, self.user, form.cleaned_data["code"])
        except DomainError as error:
            form.add_error("code", ValidationError(error.message, code=error.code))
            return self.form_invalid(form)
        if self.is_signed_in:
            django_otp.login(self.request, device)
            self.request.session.cycle_key()
        else:
            pending = self.request.session.pop(PENDING)
            backend = pending["backend"]
            if by := pending.get("by"):
                setattr(self.request, SIGNED_IN_BY, by)
            self.user.otp_device = device  # type: ignore[attr-defined]  # django-otp looks for it
            login(self.request, self.user, backend=backend)
        return HttpResponseRedirect(self.get_success_url())

    @property
    def user(self) -> User:
        """Whose code is asked for."""
        return cast("User", self.waiting)

    def get_default_redirect_url(self) -> str:
        """Go where one was going, else to the first page."""
        return reverse("admin:index")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Say where the code comes from."""
        return super().get_context_data(
            **(self.site.each_context(self.request) if self.site else {}),
            title=_("The second step"),
            by_mail=standing(self.user).method == EMAIL,
            here=self.request.get_full_path(),
            **kwargs,
        )


def _pending_user(request: HttpRequest) -> User | None:
    """Whose password was right a moment ago, and still is theirs."""
    pending: dict[str, Any] | None = request.session.get(PENDING)
    if pending is None or pending["until"] < timezone.now().timestamp():
        return None
    user = User.objects.filter(pk=pending["user"], is_active=True).first()
    if user is None or not constant_time_compare(pending["hash"], user.get_session_auth_hash()):
        return None
    return user


def _to(page: str, request: HttpRequest) -> HttpResponseRedirect:
    going = request.POST.get(REDIRECT_FIELD_NAME) or request.GET.get(REDIRECT_FIELD_NAME)
    query = f"?{urlencode({REDIRECT_FIELD_NAME: going})}" if going else ""
    return HttpResponseRedirect(reverse(page) + query)
