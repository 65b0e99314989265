"""The way to a provider and back, in the browser."""

from http import HTTPStatus
from typing import Any

from allauth.socialaccount.models import SocialAccount
from django.contrib.auth import login
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _

from accounts import lockout
from accounts.models import User
from accounts.otp.door import CODE_DUE, CODE_PAGE, PasswordStepForm, may_pass
from accounts.pages import AccountPage
from accounts.social import codes, exchange, people, providers
from accounts.social.exchange import Errand, NotReturned
from vertexar.errors import DomainError, NotAllowed, TooManyRequests

BACKEND = "django.contrib.auth.backends.ModelBackend"  # which asks each time who is still active


class SocialPage(AccountPage):
    """A page for one provider; nothing is there for one that is not configured."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Look the provider up first.

        Raises:
            Http404: it is not configured.
        """
        self.app = providers.found(kwargs["provider_id"])
        return super().dispatch(request, *args, **kwargs)

    def refuse(self, error: DomainError, errand: Errand | None = None) -> HttpResponse:
        """Say what is the case: to the client if there is one, else to the person."""
        if errand is not None and (client := errand["client"]) is not None:
            return codes.refuse(client, error)
        if isinstance(error, TooManyRequests):
            return lockout.page(self.request, error)
        status = HTTPStatus.FORBIDDEN if isinstance(error, NotAllowed) else HTTPStatus.BAD_REQUEST
        if error.code in codes.OUR_FAULT:
            status = HTTPStatus.BAD_GATEWAY
        title = _("You are not signed in")
        return self.tell(title, error.message, error.hint, to_the_desk=True, status=status)


class LeavePage(SocialPage):
    """A button that leads to a provider."""

    def post(self, request: HttpRequest, provider_id: str) -> HttpResponse:
        """Send them there.

        By a page and not by a redirect: that would be a part of submitting the form, which our
        content security policy lets go nowhere else; and so would be every redirect after it.
        """
        to = request.POST.get("next", "")
        is_ours = url_has_allowed_host_and_scheme(
            to, {request.get_host()}, require_https=request.is_secure()
        )
        errand = Errand(to=to if is_ours else "", client=None)
        try:
            url = exchange.leave(request, self.app, errand)
        except NotReturned as error:
            return self.refuse(error)
        title = _("On to %(provider)s") % {"provider": self.app.name}
        context = self.get_context_data(title=title, url=url)
        return render(request, "accounts/social/leave.html", context)


class ReturnPage(SocialPage):
    """Where a provider sends people back to."""

    def get(self, request: HttpRequest, provider_id: str) -> HttpResponse:
        """Find out who it is and let them in: to the back office, or to the client they came by."""
        try:
            back = exchange.come_back(request, self.app)
        except NotReturned as error:
            return self.refuse(error, error.errand)
        try:
            with lockout.judging():
                account, is_new = people.account_for(back.identity, owner=self._who_is_in())
                people.demand_heard(request, account.user)
                if (client := back.errand["client"]) is not None:
                    code = codes.issue(account, challenge=client["challenge"])
                    return codes.send_back(client, code=code)
                return self._enter(account, is_new=is_new, to=back.errand["to"])
        except DomainError as error:
            return self.refuse(error, back.errand)

    def _who_is_in(self) -> User | None:
        """Who has shown in this browser, with all that they must, who they are."""
        user = self.request.user
        return user if isinstance(user, User) and may_pass(self.request) else None

    def _enter(self, account: SocialAccount, *, is_new: bool, to: str) -> HttpResponse:
        """Sign in to the back office, or go on to the second step; as with a password."""
        user: User = account.user
        if not user.is_staff:
            line = _("The back office is for those whom an owner has invited to work in it.")
            if is_new:
                made = _("Your account %(username)s is made.") % {"username": user.username}
                return self.tell(_("Welcome"), made, line)
            raise NotAllowed(_("Your account does not open the back office."), hint=line)
        user.backend = BACKEND  # as `authenticate` would
        setattr(self.request, lockout.SIGNED_IN_BY, account.provider)
        to = to or reverse("admin:index")
        try:
            PasswordStepForm(self.request).confirm_login_allowed(user)
        except ValidationError as error:
            if error.code != CODE_DUE:
                raise
            to = f"{reverse(CODE_PAGE)}?{urlencode({'next': to})}"
        else:
            login(self.request, user)
        return HttpResponseRedirect(to)
