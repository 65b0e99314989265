"""The admin site: its names, and nothing else."""

from django.contrib.admin import AdminSite
from django.utils.translation import gettext_lazy as _


class BackOffice(AdminSite):
    """The studio's back office."""

    site_title = "Vertex AR"
    site_header = "Vertex AR"
    index_title = _("Studio")
