"""Captions on the studio's desk: seen, added and taken away on the page of their content."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from arcontent import services
from arcontent.captions import MAX_BYTES, Track
from arcontent.languages import known_languages
from arcontent.models import ARContent, Captions, Video
from vertexar.errors import DomainError

FIELDS = ("captions_video", "captions_language", "captions_file", "captions_removed")


class _CaptionsField(forms.ModelMultipleChoiceField[Captions]):
    def label_from_instance(self, obj: Captions) -> str:
        return _name_of(obj)


class ContentForm(forms.ModelForm[ARContent]):
    """What can be changed of a content, and captions for its videos."""

    captions_video = forms.ModelChoiceField(
        Video.objects.none(), label=_("Video"), required=False, empty_label=None
    )
    captions_language = forms.ChoiceField(label=_("Language"), required=False)
    captions_file = forms.FileField(
        label=_("File"),
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".vtt,.srt,text/vtt,application/x-subrip"}),
    )
    captions_removed = _CaptionsField(
        Captions.objects.none(),
        label=_("Take away"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    track: Track | None = None

    class Meta:
        model = ARContent
        fields = ["title"]  # and what else the admin shows

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        videos = self.instance.videos.order_by("position", "created_at")
        captions = Captions.objects.filter(video__in=videos).order_by("created_at")
        fields: dict[str, Any] = self.fields
        fields["captions_video"].queryset = videos
        fields["captions_video"].initial = videos.first()
        fields["captions_removed"].queryset = captions.select_related("video").defer("webvtt")
        languages = [("", gettext("Choose a language")), *known_languages()]
        fields["captions_language"].choices = languages
        fields["captions_file"].help_text = gettext(
            "WebVTT (.vtt) or SubRip (.srt) in UTF-8, up to %(kb)d kB. Captions that are there in "
            "the same language are replaced."
        ) % {"kb": MAX_BYTES // 1000}

    def clean(self) -> dict[str, Any]:
        """Read the file, and say what is missing or wrong with it."""
        cleaned = super().clean() or {}
        file, language = cleaned.get("captions_file"), cleaned.get("captions_language")
        if file and not language:
            self.add_error("captions_language", gettext("Say which language they are in."))
        elif language and not file:
            self.add_error("captions_file", gettext("Choose the file with the captions."))
        elif file:
            try:
                self.track = services.read_captions(file)
            except DomainError as error:
                text = f"{error.message} {error.hint}".strip()
                self.add_error("captions_file", ValidationError(text, code=error.code))
        return cleaned

    def save_captions(self, user: User) -> None:
        """Take away and add what was asked for, through the one door."""
        for captions in self.cleaned_data["captions_removed"]:
            services.delete_captions(captions=captions, user=user)
        if self.track is not None:
            services.put_captions(
                video=self.cleaned_data["captions_video"] or self.fields["captions_video"].initial,
                user=user,
                language=self.cleaned_data["captions_language"],
                track=self.track,
            )


def fields_for(content: ARContent, *, may_edit: bool) -> list[str]:
    """The fields about captions that make sense for a content."""
    videos = list(content.videos.all())
    has_captions = any(video.captions.all() for video in videos)
    asked = {
        "captions_video": len(videos) > 1,
        "captions_language": bool(videos),
        "captions_file": bool(videos),
        "captions_removed": has_captions,
    }
    fields = [name for name in FIELDS if may_edit and asked[name]]
    return ["captions", *fields] if has_captions else fields


def shown(content: ARContent) -> SafeString:
    """List a content's captions, with how many there are and when the last one ends."""
    rows = (
        (captions.url, captions.language, _name_of(captions), _extent(captions))
        for video in content.videos.all()
        for captions in video.captions.all()
    )
    item = '<li><a href="{0}" lang="{1}" hreflang="{1}">{2}</a> ({3})</li>'
    return format_html('<ul class="desk-captions">{}</ul>', format_html_join("", item, rows))


def _name_of(captions: Captions) -> str:
    """Their language; of later videos of a content, with the number of the video."""
    number = captions.video.position + 1
    return captions.label if number == 1 else f"{captions.label} · {number}"


def _extent(captions: Captions) -> str:
    minutes, seconds = divmod(round(captions.ends_s), 60)
    end = f"{minutes}:{seconds:02}"
    return gettext("captions: %(count)d, up to %(end)s") % {"count": captions.cue_count, "end": end}
