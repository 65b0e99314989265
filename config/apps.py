"""Django's own applications, as we set them up."""

from django.contrib.admin.apps import AdminConfig
from django.contrib.staticfiles.apps import StaticFilesConfig


class BackOfficeConfig(AdminConfig):
    """The back office under our own name."""

    default_site = "config.admin.BackOffice"


class StaticConfig(StaticFilesConfig):
    """Static files, without the ones that come with a package and are not used."""

    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "redoc"]
