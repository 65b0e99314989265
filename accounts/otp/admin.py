"""The second factor in the lists of the back office: taken away there, and nothing shown of it."""

from typing import cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_otp.plugins.otp_email.models import EmailDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import User
from accounts.otp import recovery
from vertexar.errors import DomainError

for kind in (TOTPDevice, EmailDevice):
    admin.site.unregister(kind)  # secrets are nobody's to look at


@admin.action(description=gettext_lazy("Take away a lost second factor"), permissions=["change"])
def take_away_second_factor(
    model_admin: admin.ModelAdmin[User], request: HttpRequest, queryset: QuerySet[User]
) -> None:
    """Let the chosen users in with their password alone; their sessions end."""
    taken = 0
    for user in queryset:
        try:
            recovery.recover(user, actor=cast("User", request.user))
        except DomainError as error:
            model_admin.message_user(request, f"{user}: {error.message}", messages.WARNING)
        else:
            taken += 1
    if taken:
        message = _("Second factors taken away: %(count)d.") % {"count": taken}
        model_admin.message_user(request, message, messages.SUCCESS)
