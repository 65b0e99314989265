"""The pages that links in mails lead to. Looking at one changes nothing: mail scanners do that."""

from http import HTTPStatus
from typing import Any

from django.contrib import admin
from django.contrib.auth import views
from django.contrib.auth.views import INTERNAL_RESET_SESSION_TOKEN
from django.core.exceptions import ValidationError
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic.base import ContextMixin, View

from accounts import invitations, links, lockout, passwords, people, registration
from accounts.forms import (
    AskForResetForm,
    JoinForm,
    KnownPasswordForm,
    NewPasswordForm,
    OwnPasswordForm,
)
from accounts.models import Invitation, Membership, User
from accounts.otp import codes
from accounts.otp.codes import WrongPassword
from vertexar.errors import DomainError
from vertexar.rate_limited import limited
from vertexar.throttles import AUTH


@method_decorator(limited(AUTH, page=lockout.page, counts_reads=False), name="dispatch")
@method_decorator(never_cache, name="dispatch")
@method_decorator(sensitive_post_parameters(), name="dispatch")
class AccountPage(ContextMixin, View):
    """In the back office's look, for people who are not in it."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Keep the address, which may hold a token, from other sites."""
        try:
            response = super().dispatch(request, *args, **kwargs)
        except DomainError as error:
            response = self.tell(
                _("That did not work"), error.message, error.hint, status=HTTPStatus.BAD_REQUEST
            )
        response["Referrer-Policy"] = "same-origin"
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Give a page what every page of the back office has."""
        whole = admin.site.each_context(self.request) | super().get_context_data(**kwargs)
        return whole | kwargs

    def ask(
        self, title: str, *lines: str, button: str, form: BaseForm | None = None
    ) -> HttpResponse:
        """Answer with a page that has a form, if only a button."""
        context = self.get_context_data(title=title, lines=lines, button=button, form=form)
        return render(self.request, "accounts/ask.html", context)

    def tell(
        self, title: str, *lines: str, to_the_desk: bool = False, status: int = HTTPStatus.OK
    ) -> HttpResponse:
        """Answer with a page that one reads."""
        context = self.get_context_data(title=title, lines=lines, to_the_desk=to_the_desk)
        return render(self.request, "accounts/tell.html", context, status=status)


class VerifyPage(AccountPage):
    """The link by which an account is opened."""

    def get(self, request: HttpRequest, uid: str, token: str) -> HttpResponse:
        """Ask for the password, which shows who it was that registered."""
        return self._ask(uid, token, KnownPasswordForm())

    def post(self, request: HttpRequest, uid: str, token: str) -> HttpResponse:
        """Open it."""
        form = KnownPasswordForm(request.POST)
        if not form.is_valid():
            return self._ask(uid, token, form)
        try:
            registration.verify(uid=uid, token=token, password=form.cleaned_data["password"])
        except WrongPassword as error:
            form.add_error("password", f"{error.message} {error.hint}")
            return self._ask(uid, token, form)
        return self.tell(_("Your account is open"), _("You can sign in with it now."))

    def _ask(self, uid: str, token: str, form: KnownPasswordForm) -> HttpResponse:
        user = links.user_waiting(uid, token, links.VERIFY)
        if user is None:
            raise links.link_not_valid()
        names = {"username": user.username, "address": user.email}
        return self.ask(
            _("Confirm your address"),
            _("Open the account %(username)s of %(address)s?") % names,
            _("Show with the password you chose that it was you who made it."),
            button=_("Open the account"),
            form=form,
        )


class AddressPage(AccountPage):
    """The link by which a user takes another address."""

    def get(self, request: HttpRequest, uid: str, address: str, token: str) -> HttpResponse:
        """Ask."""
        new = links.decoded(address)
        user = links.user_waiting(uid, token, links.change_to(new))
        if user is None:
            raise links.link_not_valid()
        line = _("Shall the user %(username)s be reached at %(address)s from now on?")
        line %= {"username": user.username, "address": new}
        return self.ask(_("Confirm your new address"), line, button=_("Confirm"))

    def post(self, request: HttpRequest, uid: str, address: str, token: str) -> HttpResponse:
        """Take it."""
        user = people.confirm_address(uid=uid, address=links.decoded(address), token=token)
        return self.tell(
            _("Your address was changed"),
            _("You are reached at %(address)s now.") % {"address": user.email},
            to_the_desk=user.is_staff,
        )


class InvitationPage(AccountPage):
    """The link by which somebody joins an organisation."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Ask for what is missing."""
        row = self._waiting(token)
        return self._ask(row, self._form(row, None))

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """Join: as who is signed in, with the account of the address, or with a new one."""
        row = self._waiting(token)
        form = self._form(row, request.POST)
        if form is not None and not form.is_valid():
            return self._ask(row, form)
        try:
            membership = self._join(row, token, form)
        except (DomainError, ValidationError) as error:
            if form is None:
                raise
            form.add_error(None, error.message if isinstance(error, DomainError) else error)
            return self._ask(row, form)
        return self.tell(
            _("Welcome"),
            _("You belong to %(organization)s now.") % {"organization": row.organization},
            to_the_desk=membership.user.is_staff,
        )

    def _waiting(self, token: str) -> Invitation:
        row = invitations.waiting(token)
        if row is None:
            raise invitations.not_valid()
        return row

    def _form(self, row: Invitation, data: Any) -> JoinForm | KnownPasswordForm | None:
        if self.request.user.is_authenticated:
            return None
        if invitations.account_of(row) is not None:
            return KnownPasswordForm(data)
        return JoinForm(data, instance=User(email=row.email))

    def _join(
        self, row: Invitation, token: str, form: JoinForm | KnownPasswordForm | None
    ) -> Membership:
        if form is None and isinstance(self.request.user, User):
            return invitations.accept(token, user=self.request.user)
        account = invitations.account_of(row)
        if isinstance(form, KnownPasswordForm) and account is not None:
            if not account.has_usable_password():  # nothing here shows that it is theirs
                raise invitations.has_account()
            codes.check_password(self.request, account, form.cleaned_data["password"])
            return invitations.accept(token, user=account)
        sent = form.cleaned_data if isinstance(form, JoinForm) else {}
        return invitations.accept_as_new(
            token, username=sent.get("username", ""), password=sent.get("password1", "")
        )

    def _ask(self, row: Invitation, form: JoinForm | KnownPasswordForm | None) -> HttpResponse:
        names = {
            "organization": row.organization,
            "role": row.get_role_display(),
            "address": row.email,
        }
        lines = [_("You are asked to work in %(organization)s. Your role: %(role)s.") % names]
        if form is None:
            line = _("You are signed in as %(username)s, and join as that.")
            lines.append(line % {"username": self.request.user.get_username()})
        elif isinstance(form, KnownPasswordForm):
            line = _("The address %(address)s has an account. Show that it is yours.")
            lines.append(line % names)
        else:
            line = _("Choose a user name and a password for your account of %(address)s.")
            lines.append(line % names)
        return self.ask(_("You are invited"), *lines, button=_("Join"), form=form)


class AskForResetPage(AccountPage):
    """For who has forgotten the password."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Ask for the address."""
        return self._ask(AskForResetForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Send a mail, if anybody has that address."""
        form = AskForResetForm(request.POST)
        if not form.is_valid():
            return self._ask(form)
        passwords.ask_for_reset(form.cleaned_data["email"])
        return self.tell(
            _("Look into your mail"),
            _("If there is an account with this address, a link is on its way to it."),
            _("Nothing comes? Look among the spam, or try another address."),
        )

    def _ask(self, form: AskForResetForm) -> HttpResponse:
        line = _("Tell us your email address: a link to choose a new password will be sent to it.")
        return self.ask(_("Forgotten your password?"), line, button=_("Send the link"), form=form)


class ResetPage(AccountPage, views.PasswordResetConfirmView):
    """The link by which a new password is chosen. The token moves into the session at once."""

    form_class = NewPasswordForm
    template_name = "accounts/ask.html"
    token_generator = links.RESET
    title = gettext_lazy("A new password")
    extra_context = {"button": gettext_lazy("Save the new password")}

    def get_user(self, uidb64: str) -> User | None:
        """Find whom the link names."""
        return links.user_of(uidb64)

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> Any:
        """Refuse links that are not good as all pages do."""
        if not context["validlink"]:
            raise links.link_not_valid()
        return super().render_to_response(context, **kwargs)

    def form_valid(self, form: NewPasswordForm) -> HttpResponse:  # type: ignore[override]
        """Choose it."""
        token = self.request.session.pop(INTERNAL_RESET_SESSION_TOKEN)
        user = passwords.reset_password(
            uid=self.kwargs["uidb64"], token=token, new_password=form.cleaned_data["new_password1"]
        )
        return self.tell(
            _("Your password was changed"),
            _("All sessions have ended. Sign in with the new password."),
            to_the_desk=user.is_staff,
        )


class OwnPasswordPage(views.PasswordChangeView):
    """One's own password in the back office. This session goes on, all others end."""

    form_class = OwnPasswordForm
    success_url = reverse_lazy("admin:password_change_done")

    def get_form_kwargs(self) -> dict[str, Any]:
        """Let the form count wrong ones."""
        return {**super().get_form_kwargs(), "request": self.request}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Give a page what every page of the back office has."""
        return {**admin.site.each_context(self.request), **super().get_context_data(**kwargs)}
