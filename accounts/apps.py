from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Who works here."""

    name = "accounts"
    verbose_name = _("People")

    def ready(self) -> None:
        """Register the system checks."""
        from accounts import checks  # noqa: F401
