"""Reads captions that strangers wrote, WebVTT or SubRip, and writes them anew as plain WebVTT.

A parser of our own, not ffmpeg's: asked to rewrite captions, ffmpeg 9 turns `&lt;script&gt;` into a
tag, writes `-->` into the text, sorts what is out of order and makes 1193 hours of an end before
its beginning, all without a word. Here cues keep their words, and what can't be read is said with
its line.

The format: https://www.w3.org/TR/webvtt1/. SubRip has no standard; it is taken as its own program
wrote it, with the tags and brackets that others have added left out.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.entities import html5
from typing import Final

from django.utils.translation import gettext as _

from vertexar.errors import UnusableUpload

MAX_BYTES: Final = 256_000  # as sent, and as kept; an hour of talk has some 60 kB
KEPT_TAGS: Final = ("b", "i", "u")

_TIME = r"(?:([0-9]{1,4}):)?([0-5]?[0-9]):([0-5][0-9])[.,]([0-9]{3})"
_TIMING = re.compile(rf"[ \t]*{_TIME}[ \t]*-->[ \t]*{_TIME}(?:[ \t].*)?")
_SIGNATURE = re.compile(r"WEBVTT(?:[ \t].*)?")
_NO_CUE = re.compile(r"(?:NOTE|STYLE|REGION)(?:[ \t].*)?")
_LINE_END = re.compile(r"\r\n|\r|\n")
# A tag with what is in it, or a time in karaoke. What is no tag, as in “1 < 2”, is text.
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)(?:[.\s/][^<>]*)?>|<[0-9:.]+>")
_OVERRIDE = re.compile(r"\{\\[^{}]*\}")  # {\an8}: where a line stands, for other programs
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Track:
    """Captions that every browser reads: cues in order, their text plain but for b, i and u."""

    webvtt: str
    cue_count: int
    ends_s: float  # when the last one to go is gone


@dataclass(frozen=True, slots=True)
class _Cue:
    start_ms: int
    end_ms: int
    text: str  # lines of WebVTT, none of them blank


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines between blank ones."""

    number: int  # of the first line, from 1
    lines: list[str]


def read_track(data: bytes, *, max_start_s: float) -> Track:
    """Read a file of captions.

    Styles, regions, comments, places on the screen and names of speakers are left out, as are cues
    without a word.

    Args:
        data: the file as it was sent.
        max_start_s: when the last cue may begin: no video here is longer.

    Raises:
        UnusableUpload: with the code empty_file, file_too_large, captions_not_utf8,
            captions_unreadable, captions_broken, captions_out_of_order, captions_too_late or
            captions_empty.
    """
    if not data:
        raise UnusableUpload(
            _("The file of captions is empty."),
            code="empty_file",
            hint=_("Choose the file again; it may not have been saved completely."),
        )
    check_weight(len(data))
    try:
        lines = _LINE_END.split(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UnusableUpload(
            _("The captions are not written in UTF-8."),
            code="captions_not_utf8",
            hint=_("Save them again, and choose the encoding UTF-8."),
        ) from error
    cues: list[_Cue] = []
    before_ms = 0
    for block in _cue_blocks(lines):
        cue = _cue_of(block, before_ms=before_ms, max_start_ms=round(max_start_s * 1000))
        before_ms = cue.start_ms
        if cue.text:
            cues.append(cue)
    if not cues:
        raise UnusableUpload(
            _("There are no captions in this file."),
            code="captions_empty",
            hint=_("Open it in a text editor: below each line of times stands what is said."),
        )
    webvtt = "\n".join(["WEBVTT\n", *map(_written, cues)])
    check_weight(len(webvtt.encode()))
    ends_s = max(cue.end_ms for cue in cues) / 1000
    return Track(webvtt=webvtt, cue_count=len(cues), ends_s=ends_s)


def check_weight(size_bytes: int) -> None:
    """Refuse what is too heavy, before it is read.

    Raises:
        UnusableUpload: file_too_large.
    """
    if size_bytes > MAX_BYTES:
        raise UnusableUpload(
            _("The captions are heavier than %(limit)d kB.") % {"limit": MAX_BYTES // 1000},
            code="file_too_large",
            hint=_("See that it is the right file: captions are text, with one or two lines each."),
        )


def _cue_blocks(lines: list[str]) -> Iterator[_Block]:
    """The blocks in which a cue should be, whichever of the two kinds of file it is."""
    blocks = list(_blocks(lines))
    if blocks and _SIGNATURE.fullmatch(blocks[0].lines[0]):
        header, *blocks = blocks
        for offset, line in enumerate(header.lines):
            if "-->" in line:
                raise _broken(header.number + offset)
        blocks = [block for block in blocks if not _NO_CUE.fullmatch(block.lines[0])]
    elif not any(_TIMING.fullmatch(line) for line in lines):
        raise UnusableUpload(
            _("This file has no captions of a kind that we know."),
            code="captions_unreadable",
            hint=_("Send WebVTT (.vtt) or SubRip (.srt)."),
        )
    yield from blocks


def _blocks(lines: list[str]) -> Iterator[_Block]:
    block = _Block(1, [])
    for number, line in enumerate([*lines, ""], start=1):
        if line.strip(" \t"):
            block.lines.append(line)
        else:
            if block.lines:
                yield block
            block = _Block(number + 1, [])


def _cue_of(block: _Block, *, before_ms: int, max_start_ms: int) -> _Cue:
    """Read one cue: a name or a number if it has one, its times, its text.

    Args:
        block: its lines.
        before_ms: when the cue before it begins.
        max_start_ms: when it may begin at the latest.
    """
    at = 0 if "-->" in block.lines[0] or len(block.lines) == 1 else 1
    number = block.number + at
    timing = _TIMING.fullmatch(block.lines[at])
    if timing is None:
        raise _broken(number)
    for offset, line in enumerate(block.lines[at + 1 :], start=1):
        if _TIMING.fullmatch(line):  # the blank line before a cue is missing
            raise _broken(number + offset)
    times = timing.groups()
    start_ms, end_ms = _milliseconds(*times[:4]), _milliseconds(*times[4:])
    if start_ms < before_ms or end_ms <= start_ms:
        raise UnusableUpload(
            _("In line %(line)d the times are out of order.") % {"line": number},
            code="captions_out_of_order",
            hint=_("Each caption begins no earlier than the one before it, and ends later."),
        )
    if start_ms > max_start_ms:
        limit = {"line": number, "limit": max_start_ms / 1000}
        raise UnusableUpload(
            _("In line %(line)d a caption begins after %(limit)g s: no video is that long.")
            % limit,
            code="captions_too_late",
            hint=_("See that the captions are of this video, and begin with it."),
        )
    return _Cue(start_ms, end_ms, _clean("\n".join(block.lines[at + 1 :])))


def _milliseconds(hours: str | None, minutes: str, seconds: str, thousandths: str) -> int:
    return ((int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(thousandths)


def _clean(text: str) -> str:
    """Write a cue's text anew: what is left of its tags is balanced, all else is escaped."""
    written: list[str] = []
    still_open: list[str] = []
    has_words = False
    at = 0
    text = _OVERRIDE.sub("", text)
    for tag in _TAG.finditer(text):
        words = _plain(text[at : tag.start()])
        has_words |= bool(words.strip())
        written.append(_escaped(words))
        at = tag.end()
        is_end, name = tag[1] == "/", (tag[2] or "").lower()
        if name in KEPT_TAGS and is_end == (name in still_open):
            if not is_end:
                still_open.append(name)
                written.append(f"<{name}>")
            while is_end and name in still_open:
                written.append(f"</{still_open.pop()}>")
    words = _plain(text[at:])
    has_words |= bool(words.strip())
    ends = [f"</{name}>" for name in reversed(still_open)]
    lines = "".join([*written, _escaped(words), *ends]).split("\n")
    return "\n".join(filter(None, map(str.strip, lines))) if has_words else ""


def _plain(text: str) -> str:
    """What is meant by `&amp;` and the like; no control characters but the ends of lines."""
    return _CONTROLS.sub(" ", _REFERENCE.sub(_meant, text))


def _meant(reference: re.Match[str]) -> str:
    """The letter behind a reference; one that there is not stays as it is written."""
    if reference[0].startswith("&#"):
        return html.unescape(reference[0])
    return html5.get(reference[0][1:], reference[0])


def _escaped(text: str) -> str:
    return html.escape(text, quote=False)


def _written(cue: _Cue) -> str:
    return f"{_time(cue.start_ms)} --> {_time(cue.end_ms)}\n{cue.text}\n"


def _time(ms: int) -> str:
    seconds, thousandths = divmod(ms, 1000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02}:{minute:02}:{second:02}.{thousandths:03}"


def _broken(line: int) -> UnusableUpload:
    return UnusableUpload(
        _("Line %(line)d of the captions can't be read.") % {"line": line},
        code="captions_broken",
        hint=_("There stand times such as 00:01:02.500 --> 00:01:04.000, after a blank line."),
    )
