"""What an operator should know before strangers can reach this installation."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register  # noqa: A004


@register(Tags.security, deploy=True)
def second_factor_is_required(**kwargs: Any) -> list[CheckMessage]:
    """On the internet, a password alone should not open the back office."""
    if settings.REQUIRE_2FA_FOR_STAFF or not settings.IS_HTTPS:
        return []
    hint = "Set REQUIRE_2FA_FOR_STAFF=True: staff and owners are led to set it up as they sign in."
    return [Warning("Staff may sign in with a password alone.", hint=hint, id="accounts.W001")]
