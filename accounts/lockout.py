"""Lock-out: so many failures of one user name from one address, and neither is heard for a while.

django-axes counts in the database, which all processes share and which needs no cache. Added here:
tries of one name from one address are judged one after another, so that no more of them than
allowed get through side by side; names are kept as keyed hashes, since people type passwords where
names belong; one row counts whatever the program calls itself; the audit log hears of it.
Nobody can lock somebody else out: elsewhere the count is another.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http import HTTPStatus
from math import ceil
from typing import Any, cast

from axes.backends import AxesStandaloneBackend
from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import APIException

from accounts import audit
from accounts.models import User, called
from accounts.people import people_managed_by
from vertexar.api import problems
from vertexar.client import client_ip, network_of
from vertexar.errors import DomainError, TooManyRequests

PAGE = "admin/wait.html"
# Of a request: what makes sure of who it is, if it is no password of ours.
SIGNED_IN_BY = "signed_in_by"


class LockedOut(TooManyRequests):
    """This user name is not heard from this address for a while."""

    code = "locked_out"


# --- What is counted --------------------------------------------------------------------------


def address_of(request: HttpRequest) -> str | None:
    """The address that tries are counted by; of IPv6 a whole customer's network."""
    return network_of(client_ip(request)) or None


def name_key(username: str) -> str:
    """What stands for a user name, however it is written, in the tables of django-axes."""
    return salted_hmac("accounts.lockout", username.lower(), algorithm="sha256").hexdigest()


def name_key_of(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """The same for a try to sign in."""
    return name_key(str((credentials or {}).get(User.USERNAME_FIELD) or ""))


def locked_for(*, key: str, ip: str | None) -> timedelta:
    """How long one name is not heard from one address any more; zero or less if it is."""
    attempt = AccessAttempt.objects.filter(
        username=key, ip_address=ip, failures_since_start__gte=settings.AXES_FAILURE_LIMIT
    ).first()
    if attempt is None:
        return timedelta(0)
    left: timedelta = attempt.attempt_time + settings.AXES_COOLOFF_TIME - timezone.now()
    return left


# --- Judging ----------------------------------------------------------------------------------


@contextmanager
def judging() -> Iterator[None]:
    """Judge a try to sign in within this block, as a context or as a decorator of a view.

    From the moment that `authenticate` is called, other tries of the same name from the same
    address wait for the end of the block. What it wrote stays, also if it ends with a refusal.
    """
    refusal: Exception | None = None
    with transaction.atomic():
        try:
            yield
        except (DomainError, APIException, ValidationError) as error:
            refusal = error
    if refusal is not None:
        raise refusal


class LockOutBackend(AxesStandaloneBackend):  # type: ignore[misc]  # untyped
    """Stands before all other backends and lets nobody try who is locked out."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, **credentials: Any
    ) -> None:
        """Wait until no other try of this name from this address is being judged, then look.

        Raises:
            AxesBackendPermissionDenied: locked out; no further backend is asked.
            AxesBackendRequestParameterRequired: nobody can be counted without a request.
        """
        if request is not None:
            _one_at_a_time(name_key(username or ""), address_of(request))
            AxesProxyHandler.update_request(request)
            request.axes_credentials = {User.USERNAME_FIELD: username}  # type: ignore[attr-defined]
        super().authenticate(request, username=username, **credentials)


def _one_at_a_time(key: str, ip: str | None) -> None:
    """Take the lock of a name and an address until the transaction ends."""
    digest = hashlib.blake2b(f"{key} {ip}".encode(), digest_size=8).digest()
    with connection.cursor() as cursor:
        number = int.from_bytes(digest, "big", signed=True)
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


class SignInHandler(AxesDatabaseHandler):  # type: ignore[misc]  # untyped
    """Counts failures in the database, and has them and sessions of the back office written down.

    Sessions of the API are written down where they begin, in `accounts.sessions`.
    """

    def user_login_failed(
        self,
        sender: Any,
        credentials: dict[str, Any],
        request: HttpRequest | None = None,
        **kwargs: Any,
    ) -> None:
        """Count a failure that was judged; one that was not changes nothing."""
        if request is None or request.axes_locked_out:  # type: ignore[attr-defined]
            return
        request.axes_user_agent = ""  # type: ignore[attr-defined]  # one row, whatever it says
        super().user_login_failed(sender, credentials, request, **kwargs)
        name = str(credentials.get(User.USERNAME_FIELD) or "")
        user = User.objects.filter(called(name)).first()
        actions = [audit.Action.LOGIN_FAILED]
        if request.axes_locked_out:  # type: ignore[attr-defined]
            actions.append(audit.Action.LOCKED_OUT)
        for action in actions:
            audit.record(action, actor=None, target=user, path=request.path)
        # This try was still judged: its answer is the view's. From the next one on it is ours.
        request.axes_locked_out = False  # type: ignore[attr-defined]

    def user_logged_in(self, sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
        """Begin to count anew."""
        super().user_logged_in(sender, request, user, **kwargs)
        if request.path:  # asked by somebody, not made up by a program
            by = getattr(request, SIGNED_IN_BY, "pages")
            audit.record(audit.Action.LOGIN, actor=user, target=user, by=by)

    def user_logged_out(
        self, sender: Any, request: HttpRequest, user: User | None, **kwargs: Any
    ) -> None:
        """Only write it down."""
        super().user_logged_out(sender, request, user, **kwargs)
        if request.path and user is not None:
            audit.record(audit.Action.LOGOUT, actor=user, target=user, by="pages")

    def clean_expired_user_attempts(
        self,
        request: HttpRequest | None = None,
        credentials: dict[str, Any] | None = None,
    ) -> int:
        """Forget what is past, whenever somebody fails.

        Returns:
            The number of rows forgotten.
        """
        return forget_what_is_past()


def forget_what_is_past() -> int:
    """Forget failures that count no more, but what a try has its hands on: no two wait in a circle.

    Returns:
        The number of rows forgotten.
    """
    past = AccessAttempt.objects.filter(
        attempt_time__lte=timezone.now() - settings.AXES_COOLOFF_TIME
    ).select_for_update(skip_locked=True)
    with transaction.atomic():
        keys = list(past.values_list("pk", flat=True))
        return int(AccessAttempt.objects.filter(pk__in=keys).delete()[0])


# --- Answering --------------------------------------------------------------------------------


def refusal(
    request: HttpRequest, response: HttpResponse | None, credentials: dict[str, Any] | None
) -> HttpResponse:
    """Answer a try that was not judged, in place of what the view made of it: 429."""
    error = locked_out(locked_for(key=name_key_of(request, credentials), ip=address_of(request)))
    if response is not None and response.get("Content-Type", "").startswith("text/html"):
        return page(request, error)
    return problems.answer(error)


def page(request: HttpRequest, error: TooManyRequests) -> HttpResponse:
    """Tell a person at the door of the back office to wait."""
    context = {
        **admin.site.each_context(request),
        "title": _("Please wait a little"),
        "message": error.message,
        "hint": error.hint,
    }
    response = render(request, PAGE, context, status=HTTPStatus.TOO_MANY_REQUESTS)
    response["Retry-After"] = str(error.retry_after_s)
    response["Cache-Control"] = "no-store"
    return response


def locked_out(left: timedelta) -> LockedOut:
    """The error for who tries while locked out."""
    seconds = max(1, ceil(left.total_seconds()))
    minutes = ceil(seconds / 60)
    hint = _("Try again in %(minutes)d min, or ask an administrator to unlock you.")
    return LockedOut(
        _("Too many failed tries to sign in from this address."),
        retry_after_s=seconds,
        hint=hint % {"minutes": minutes},
    )


# --- Letting in again -------------------------------------------------------------------------


def forget_failures(request: HttpRequest, user: User) -> None:
    """Begin to count anew, now that somebody has signed in from there."""
    AccessAttempt.objects.filter(
        username=name_key(user.get_username()), ip_address=address_of(request)
    ).delete()


@transaction.atomic
def unlock(*, actor: User | None, username: str = "", ip: str = "") -> int:
    """Hear them again: a name, an address, a name from an address, or with neither everybody.

    Returns:
        How many pairs of a name and an address had failures.
    """
    attempts = AccessAttempt.objects.all()
    if username:
        attempts = attempts.filter(username=name_key(username))
    if ip:
        attempts = attempts.filter(ip_address=network_of(ip))
    unlocked = int(attempts.delete()[0])
    user = User.objects.filter(called(username)).first() if username else None
    audit.record(audit.Action.UNLOCKED, actor=actor, target=user, address=ip, counts=unlocked)
    return unlocked


@admin.action(description=gettext_lazy("Unlock"), permissions=["change"])
def unlock_chosen(
    model_admin: admin.ModelAdmin[User], request: HttpRequest, queryset: QuerySet[User]
) -> None:
    """Hear the chosen users again from wherever they were locked out."""
    actor = cast("User", request.user)
    theirs = queryset.filter(pk__in=people_managed_by(actor).values("pk"))
    unlocked = sum(unlock(actor=actor, username=user.get_username()) > 0 for user in theirs)
    message = _("Had failed to sign in and may try again: %(count)d.") % {"count": unlocked}
    model_admin.message_user(request, message)
