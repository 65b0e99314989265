"""What may be chosen about compiling, in forms of the back office."""

from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from markers.models import MarkerPreset
from markers.options import PHYSICAL_WIDTH_MM

PHYSICAL_WIDTH: Final = "physical_width_mm"


def physical_width_field() -> forms.FloatField:
    """Ask how wide the print is; optional."""
    least, most = PHYSICAL_WIDTH_MM
    return forms.FloatField(
        label=_("Width of the print, mm"),
        required=False,
        min_value=least,
        max_value=most,
        help_text=_(
            "For the files for AR.js, which know by it how far away the picture is. The page for"
            " viewers needs none."
        ),
    )


class PresetForm(forms.ModelForm[MarkerPreset]):
    """A preset's options, each in a field of its own. What is left open is as without a preset."""

    profile = forms.ChoiceField(
        label=_("Target"),
        required=False,
        choices=[
            ("", _("as usual")),
            ("robust", _("robust: found from the side, too")),
            ("lean", _("lean: a smaller file")),
        ],
    )
    enhance = forms.TypedChoiceField(
        label=_("Contrast"),
        required=False,
        choices=[
            ("", _("as usual")),
            ("true", _("raised where that helps")),
            ("false", _("left as it is")),
        ],
        coerce=lambda said: said == "true",
        empty_value=None,
    )
    physical_width_mm = physical_width_field()

    class Meta:
        model = MarkerPreset
        fields = ["organization", "name"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = self.instance.options
        self.initial.update(chosen)
        if "enhance" in chosen:
            self.initial["enhance"] = "true" if chosen["enhance"] else "false"

    def save(self, commit: bool = True) -> MarkerPreset:  # noqa: FBT001, FBT002  Django's signature
        """Put together what was chosen."""
        said = {name: self.cleaned_data[name] for name in ("profile", "enhance", PHYSICAL_WIDTH)}
        self.instance.options = {
            name: value for name, value in said.items() if value not in {"", None}
        }
        return super().save(commit)
