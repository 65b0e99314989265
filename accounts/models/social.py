"""What a client of the API is given when somebody has signed in elsewhere."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from vertexar.models import BaseModel


class SocialCode(BaseModel):
    """A code that is good for one pair of tokens. Of the code itself only the hash is kept."""

    account = models.ForeignKey(
        "socialaccount.SocialAccount", models.CASCADE, related_name="+", verbose_name=_("account")
    )
    code_sha256 = models.CharField(max_length=64, unique=True, editable=False)
    # RFC 7636: only who knows what this is the hash of may use the code.
    challenge = models.CharField(max_length=43, editable=False)
    expires_at = models.DateTimeField(_("ends"), db_index=True)

    class Meta:
        verbose_name = _("sign-in code")
        verbose_name_plural = _("sign-in codes")

    def __str__(self) -> str:
        return str(self.pk)
