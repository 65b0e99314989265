"""Django's admin under our own name."""

from django.contrib.admin.apps import AdminConfig


class BackOfficeConfig(AdminConfig):
    """The back office."""

    default_site = "config.admin.BackOffice"
