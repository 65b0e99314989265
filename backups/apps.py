from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BackupsConfig(AppConfig):
    """The room of backups."""

    name = "backups"
    verbose_name = _("Backups")

    def ready(self) -> None:
        """Register the system checks."""
        from backups import checks  # noqa: F401
