"""How a marker is drawn in the back office: score, reasons, pictures, files, look-alikes."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from markers.models import TARGET_FILES, Marker
from markers.wording import (
    SCORE_FAIR,
    SCORE_GOOD,
    VERDICTS,
    advice_on,
    failure_said,
    verdict_of,
)

STARS = 5
SHARES = {
    "detect_rate": _("recognised in simulated shots"),
    "detect_rate_small": _("… from afar"),
    "detect_rate_tilted": _("… at an angle"),
    "coverage": _("area with detail"),
}
COUNTS = {
    "keypoints": _("points to recognise it by"),
    "tracking_points": _("points to hold on to"),
    "contrast": _("contrast"),
}
USES = {
    "mind": _("our viewer, MindAR"),
    "iset": _("AR.js, jsartoolkitNFT"),
    "fset": _("AR.js, jsartoolkitNFT"),
    "fset3": _("AR.js, jsartoolkitNFT"),
}
OPTIONS = {
    "profile": _("profile"),
    "enhance": _("more contrast where it helps"),
    "physical_width_mm": _("width of the print, mm"),
}


def quality_meter(score: int | None) -> SafeString | str:
    """Draw a score of 0..100; a dash while there is none."""
    if score is None:
        return "–"
    meter = '<meter min="0" max="100" low="{1}" high="{2}" optimum="100" value="{0}">{0}</meter>'
    whole = f'<span class="desk-quality">{meter} {{0}} / 100</span>'
    return format_html(whole, score, SCORE_FAIR, SCORE_GOOD)


def stars(count: int) -> SafeString:
    """Draw 0..5 stars."""
    says = gettext("%(count)d of %(all)d stars") % {"count": count, "all": STARS}
    drawn = "★" * count + "☆" * (STARS - count)
    return format_html('<span class="desk-stars" role="img" aria-label="{}">{}</span>', says, drawn)


def rating(score: int, *, stars_given: int | None, reasons: Iterable[str]) -> SafeString:
    """Draw a score, say what it means, and what would raise it."""
    advice = format_html_join("", "<li>{}</li>", ((said,) for said in advice_on(reasons)))
    return format_html(
        '<div>{} {} <span class="desk-verdict">{}</span>{}</div>',
        quality_meter(score),
        "" if stars_given is None else stars(stars_given),
        VERDICTS[verdict_of(score)],
        format_html('<ul class="desk-reasons">{}</ul>', advice) if advice else "",
    )


def explained_quality(marker: Marker) -> SafeString | str:
    """Draw a marker's score, say what it means, and what would raise it."""
    if marker.quality_score is None:
        return "–"
    report = marker.quality_report
    return rating(
        marker.quality_score,
        stars_given=report.get("stars"),
        reasons=report.get("reasons", []),
    )


def grades(report: Mapping[str, Any]) -> SafeString | str:
    """Draw apart how well a picture is found, and how well it is followed once it is found."""
    said = {"detect_stars": _("is recognised"), "track_stars": _("is followed")}
    return facts((said[key], stars(report[key])) for key in said if key in report)


def measured(report: Mapping[str, Any]) -> SafeString | str:
    """List what the score was made of."""
    rows: list[tuple[object, object]] = []
    rows += [(SHARES[key], f"{report[key]:.0%}") for key in SHARES if key in report]
    rows += [(COUNTS[key], f"{report[key]:.0f}") for key in COUNTS if key in report]
    if report.get("enhanced"):
        rows.append((_("compiled with more contrast"), _("yes")))
    return facts(rows)


def facts(rows: Iterable[tuple[object, object]]) -> SafeString | str:
    """Draw names and values; a dash if there are none."""
    drawn = format_html_join("", "<dt>{}</dt><dd>{}</dd>", rows)
    return format_html('<dl class="desk-figures">{}</dl>', drawn) if drawn else "–"


def pictures(marker: Marker) -> SafeString:
    """Draw the picture beside what phones look for, and where it is recognised by."""
    figures = [
        (url, says)
        for url, says in (
            (marker.picture_url, _("As it is printed")),
            (marker.preview_url, _("What phones will look for")),
            (marker.heat_map_url, _("Where it is recognised by: the brighter, the better")),
        )
        if url
    ]
    figure = (
        '<figure><img class="desk-picture" src="{}" alt=""><figcaption>{}</figcaption></figure>'
    )
    return format_html(
        '<div class="desk-figure-row">{}</div>', format_html_join("", figure, figures)
    )


def files(marker: Marker) -> SafeString | str:
    """List the files there are, with sizes, and where to download them."""
    rows = [
        (
            reverse("admin:markers_marker_file", args=[marker.pk, extension]),
            extension,
            filesizeformat(size) if (size := marker.file_bytes.get(extension)) else "–",
            USES[extension],
        )
        for extension, column in TARGET_FILES.items()
        if getattr(marker, column)
    ]
    drawn = format_html_join(
        "",
        '<tr><th scope="row"><a class="desk-copy" href="{}" download>.{}</a></th>'
        '<td class="desk-number">{}</td><td>{}</td></tr>',
        rows,
    )
    whole = '<table class="desk-files"><tbody>{}</tbody></table>'
    return format_html(whole, drawn) if drawn else "–"


def nft(report: Mapping[str, Any]) -> SafeString | str:
    """Say what the NFT files take the print for, or why there are none."""
    if "failure" in report:
        return failure_said(str(report["failure"]), str(report.get("hint", "")))
    if "dpi" not in report:
        return "–"
    is_known = report.get("dpi_source") == "physical_width"
    source = _("from the width of the print") if is_known else _("assumed: no width was given")
    rows: list[tuple[object, object]] = [
        (_("resolution"), f"{report['dpi']} dpi, {source}"),
        (_("width of the print, mm"), number_format(report["width_mm"], 1)),
    ]
    for key, says in (
        ("tracking_layers", _("places to follow")),
        ("keyframes", _("points to recognise it by")),
    ):
        if counts := report.get(key):
            numbers = {"points": sum(counts), "layers": len(counts)}
            rows.append((says, gettext("%(points)d in %(layers)d layers") % numbers))
    return facts(rows)


def options(chosen: Mapping[str, Any]) -> SafeString | str:
    """List what was chosen about compiling it."""
    said = {True: _("yes"), False: _("no")}
    return facts(
        (OPTIONS.get(name, name), said[value] if isinstance(value, bool) else value)
        for name, value in chosen.items()
    )


def look_alikes(rows: Iterable[tuple[str, str, str, float]]) -> SafeString | str:
    """Draw pictures that it may be mistaken for; a dash if there are none.

    Args:
        rows: where each leads, its picture, its name, and its likeness of 0..1.
    """
    says = gettext("likeness %(percent)s")
    drawn = format_html_join(
        "",
        '<li><a href="{}"><img class="desk-thumbnail" src="{}" alt=""><span>{}</span></a>'
        ' <span class="desk-number">{}</span></li>',
        (
            (url, picture, name, says % {"percent": f"{likeness:.0%}"})
            for url, picture, name, likeness in rows
        ),
    )
    return format_html('<ul class="desk-alike">{}</ul>', drawn) if drawn else "–"


def seconds(value: float | None) -> str:
    """Say how long something took; a dash if that isn't known."""
    if value is None:
        return "–"
    return gettext("%(seconds)s s") % {"seconds": number_format(value, 2)}
