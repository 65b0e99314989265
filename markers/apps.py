from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MarkersConfig(AppConfig):
    """What a phone recognises."""

    name = "markers"
    verbose_name = _("Markers")
