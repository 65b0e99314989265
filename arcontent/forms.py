"""The form with which a studio worker makes content."""

from contextlib import suppress
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services import home_organization
from arcontent import services
from arcontent.models import ARContent
from markers.forms import PHYSICAL_WIDTH, physical_width_field
from markers.models import MarkerPreset
from vertexar.errors import DomainError


class UploadForm(forms.ModelForm[ARContent]):
    """What a studio worker fills in. The files are looked into before anything is kept."""

    user: User  # set by the admin on a subclass, request by request
    image = forms.FileField(
        label=_("Picture"),
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": "image/*,.heic,.heif"}),
    )
    video = forms.FileField(
        label=_("Video"),
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": "video/*,.mkv,.mts,.m2ts"}),
    )
    physical_width_mm = physical_width_field()
    preset = forms.ModelChoiceField(
        MarkerPreset.objects.none(),
        label=_("Preset"),
        required=False,
        help_text=_("What is chosen there for pictures of this kind; the width above goes before."),
    )

    class Meta:
        model = ARContent
        fields = [
            "title", "call_to_action_label", "call_to_action_url", "video_fit", "when_lost",
            "stacked_alpha",
        ]  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("video_fit", "when_lost"):
            self.fields[name].required = False  # what is not said is as it is without a word
        self._offer_presets()
        self.fields["title"].help_text = gettext("For you to find it by, and for viewers to read.")
        picture_says = gettext(
            "What will be printed, rich in detail: JPEG, PNG, WebP or HEIC, up to %(mb)d MB."
        )
        video_says = gettext(
            "What plays on it, best in the same shape: up to %(minutes)g minutes and %(mb)d MB."
        )
        for name, says, max_bytes in (
            ("image", picture_says, settings.PICTURE_MAX_BYTES),
            ("video", video_says, settings.VIDEO_MAX_BYTES),
        ):
            limits = {"mb": max_bytes // 1_000_000, "minutes": settings.VIDEO_MAX_SECONDS / 60}
            self.fields[name].help_text = says % limits
            # the script says so before anything is sent
            self.fields[name].widget.attrs["data-max-bytes"] = max_bytes
            heavy = gettext("The file is heavier than %(mb)d MB.") % limits
            self.fields[name].widget.attrs["data-too-heavy"] = heavy

    def _offer_presets(self) -> None:
        """Show those of the place where the content will be; nothing where there are none."""
        preset: Any = self.fields["preset"]
        with suppress(DomainError):  # who has no such place is told when all is sent
            preset.queryset = MarkerPreset.objects.filter(organization=home_organization(self.user))
        if not preset.queryset.exists():
            preset.widget = forms.HiddenInput()

    def clean(self) -> dict[str, Any]:
        """Read the files, and say at the right field what is wrong with them."""
        cleaned = super().clean() or {}
        try:
            self.organization = home_organization(self.user)
            if "image" in cleaned and "video" in cleaned:
                self.upload = services.read_upload(image=cleaned["image"], video=cleaned["video"])
        except DomainError as error:
            text = f"{error.message} {error.hint}".strip()
            self.add_error(error.field or None, ValidationError(text, code=error.code))
        return cleaned

    def create(self) -> ARContent:
        """Make the content through the one door."""
        said = {name: self.cleaned_data[name] for name in self.Meta.fields}
        fields = {name: value for name, value in said.items() if value != ""}
        preset, width_mm = (self.cleaned_data[name] for name in ("preset", PHYSICAL_WIDTH))
        options = dict(preset.options) if preset else {}
        if width_mm:
            options[PHYSICAL_WIDTH] = width_mm
        return services.create_content(
            organization=self.organization,
            user=self.user,
            upload=self.upload,
            options=options,
            **fields,
        )
