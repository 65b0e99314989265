"""Django's own applications, as we set them up."""

from django.conf import settings
from django.contrib.admin.apps import AdminConfig
from django.contrib.staticfiles.apps import StaticFilesConfig
from django.core.exceptions import ImproperlyConfigured


class BackOfficeConfig(AdminConfig):
    """The back office under our own name."""

    default_site = "config.admin.BackOffice"

    def ready(self) -> None:
        """Find the rooms' lists, and with them all that signing in needs.

        Not where there is no SECRET_KEY yet, as in `manage.py up` itself at the first start: tokens
        can't be imported without one, and nothing is served there.
        """
        try:
            _ = settings.SECRET_KEY
        except ImproperlyConfigured:
            return
        super().ready()


class StaticConfig(StaticFilesConfig):
    """Static files, without the ones that come with a package and are not used."""

    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "redoc"]
