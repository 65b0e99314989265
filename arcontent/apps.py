from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ARContentConfig(AppConfig):
    """What is shown on a marker."""

    name = "arcontent"
    verbose_name = _("AR content")
