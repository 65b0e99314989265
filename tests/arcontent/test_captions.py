"""Reading captions: what is kept, what is refused, and that nothing smuggled in survives."""

import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from arcontent.captions import MAX_BYTES, Track, read_track
from arcontent.languages import normal_code, own_name
from arcontent.video.ffmpeg import input_arguments, run_ffmpeg
from arcontent.video.limits import VideoLimits
from vertexar.errors import DomainError, UnusableUpload

MAX_START_S = 300.0
FIRST = "00:00:01.000 --> 00:00:02.500"


def read(text: str | bytes) -> Track:
    data = text.encode() if isinstance(text, str) else text
    return read_track(data, max_start_s=MAX_START_S)


def webvtt(*cues: str) -> str:
    return "\n".join(["WEBVTT\n", *(f"{cue}\n" for cue in cues)])


def cue(text: str) -> str:
    """What becomes of the text of one cue."""
    return read(webvtt(f"{FIRST}\n{text}")).webvtt.removeprefix(webvtt(FIRST))[:-1]


FILES: dict[str, str] = {
    "webvtt": f"WEBVTT\n\n{FIRST}\nLook!\n",
    "with a head": f"\ufeffWEBVTT - by hand\nKind: captions\nLanguage: en\n\n{FIRST}\nLook!",
    "without hours": "WEBVTT\n\n00:01.000 --> 00:02.500\nLook!\n",
    "with settings and a name": f"WEBVTT\n\nintro\n{FIRST} align:start position:10%\nLook!\n",
    "with blocks of other kinds": (
        "WEBVTT\n\nSTYLE\n::cue { background: url(//evil.example/x) }\n\nREGION\nid:fred\n\n"
        f"NOTE\nof nobody's concern\n\n{FIRST}\nLook!\n\nNOTE the end\n"
    ),
    "subrip": "1\n00:00:01,000 --> 00:00:02,500\nLook!\n",
    "subrip of Windows": "\ufeff\r\n1\r\n00:00:01,000 --> 00:00:02,500  X1:1 X2:2\r\nLook!\r\n\r\n",
    "subrip placed": "1\n0:00:01,000 --> 0:00:02,500\n{\\an8}Look!\n",
    "with blank lines of spaces": f"WEBVTT\n \n \n{FIRST}\nLook!\n\t\n",
}


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_every_kind_of_file_becomes_the_same_plain_webvtt(text: str) -> None:
    track = read(text)

    assert track == Track(webvtt=webvtt(f"{FIRST}\nLook!"), cue_count=1, ends_s=2.5)


def test_all_cues_are_kept_and_the_last_to_go_says_when_it_ends() -> None:
    cues = [
        "00:00:00.000 --> 00:00:09.000\nA long one,\nof two lines",
        "00:00:00.000 --> 00:00:01.000\nbeside it",
        "00:00:02.000 --> 00:00:03.000\nand after",
    ]

    assert read(webvtt(*cues)) == Track(webvtt=webvtt(*cues), cue_count=3, ends_s=9.0)


TEXTS: dict[str, tuple[str, str]] = {
    "kept tags": ("<i>a</i> <b>b</b> <u>c</u>", "<i>a</i> <b>b</b> <u>c</u>"),
    "classes and capitals": ("<I.loud.red>a</I>", "<i>a</i>"),
    "tags left open": ("<b>a <i>b", "<b>a <i>b</i></b>"),
    "tags across": ("<b>a <i>b</b> c</i>", "<b>a <i>b</i></b> c"),
    "tags twice": ("<i><i>a</i></i>", "<i>a</i>"),
    "a speaker": ("<v Ann Smith>Hello", "Hello"),
    "a font": ('<font color="red">Hello</font>', "Hello"),
    "karaoke": ("one <00:00:01.500>two", "one two"),
    "a script": ("<script>alert(1)</script>", "alert(1)"),
    "a written script": (
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
    ),
    "a tag in a tag": ("<<i>script>", "&lt;<i>script&gt;</i>"),
    "an image": ("<img src=x onerror=alert(1)>seen", "seen"),
    "no tag": ("1 < 2 and 3 > 2, I <3 you", "1 &lt; 2 and 3 &gt; 2, I &lt;3 you"),
    "an arrow": ("A --> B", "A --&gt; B"),
    "a written arrow": ("A --&gt; B", "A --&gt; B"),
    "times in words": (
        "x 00:00:00.000 --> 00:00:01.000",
        "x 00:00:00.000 --&gt; 00:00:01.000",
    ),
    "an ampersand": ("R&B, AT&amp;T, &nothing;", "R&amp;B, AT&amp;T, &amp;nothing;"),
    "a written line end": (
        "a&#10;&#10;00:00 --> 00:01&NewLine;b",
        "a\n00:00 --&gt; 00:01\nb",
    ),
    "control characters": ("a\0b\x1bc\u2028d\x85e", "a b c d e"),
    "from right to left": ("\u202bשלום\u202c", "\u202bשלום\u202c"),
}


@pytest.mark.parametrize(("text", "kept"), TEXTS.values(), ids=TEXTS)
def test_words_are_kept_and_tags_are_not(text: str, kept: str) -> None:
    assert cue(text) == kept


BAD: dict[str, tuple[str | bytes, str]] = {
    "nothing": (b"", "empty_file"),
    "too heavy": (b" " * (MAX_BYTES + 1), "file_too_large"),
    "too heavy once escaped": (webvtt(f"{FIRST}\n{'&' * (MAX_BYTES // 2)}"), "file_too_large"),
    "Windows-1251": ("1\n00:00:01,000 --> 00:00:02,000\nПривет\n".encode("cp1251"),
                     "captions_not_utf8"),
    "UTF-16": (webvtt(f"{FIRST}\nLook!").encode("utf-16"), "captions_not_utf8"),
    "a page": ("<!doctype html>\n<!-- a -->\n<p>Look!", "captions_unreadable"),
    "a playlist": ("#EXTM3U\nfile:///etc/passwd\n", "captions_unreadable"),
    "almost WebVTT": (f"WEBVTTX\n\n{FIRST.replace('00:', 'x:')}\nLook!", "captions_unreadable"),
    "no cues": ("WEBVTT\n\nNOTE to be written\n", "captions_empty"),
    "no words": (webvtt(f"{FIRST}\n<i> </i>&nbsp;"), "captions_empty"),
    "broken times": ("WEBVTT\n\n00:61.000 --> 00:62.000\nLook!\n", "captions_broken"),
    "words without times": (webvtt(f"{FIRST}\nLook!\n\nand more"), "captions_broken"),
    "no blank line": (webvtt(f"{FIRST}\nLook!\n2\n{FIRST}\nMore"), "captions_broken"),
    "cues in the head": (f"WEBVTT\n{FIRST}\nLook!", "captions_broken"),
    "backwards": ("WEBVTT\n\n00:02.000 --> 00:01.000\nLook!\n", "captions_out_of_order"),
    "for no time": ("WEBVTT\n\n00:02.000 --> 00:02.000\nLook!\n", "captions_out_of_order"),
    "out of order": (webvtt(f"{FIRST}\nb", "00:00:00.999 --> 00:00:09.000\na"),
                     "captions_out_of_order"),
    "of a longer film": ("WEBVTT\n\n05:00.001 --> 05:01.000\nLook!\n", "captions_too_late"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "code"), BAD.values(), ids=BAD)
def test_what_is_wrong_has_a_code_and_a_hint(data: str | bytes, code: str) -> None:
    with pytest.raises(UnusableUpload) as refused:
        read(data)

    assert refused.value.code == code
    assert refused.value.hint


def test_the_line_that_can_not_be_read_is_named() -> None:
    with pytest.raises(UnusableUpload, match="Line 7 "):
        read("1\n00:00:01,000 --> 00:00:02,000\nLook!\n\n\n2\n00:00:03;000 --> 00:00:04,000\nMore")


SCRAPS = st.sampled_from(
    ["WEBVTT", "NOTE", "STYLE", FIRST, "00:02,000 --> 00:03,000", "-->", "1", "\n", "\n\n", "\r",
     "\r\n", " ", "<i>", "</i>", "<b.x>", "</b>", "<", ">", "&", "lt;", "&lt;", "&#10;", "&#0;",
     "script", "\0", "\u2028", "\ufeff", "{\\an8}", "a"]
)  # fmt: skip
FILES_OF_SCRAPS = st.one_of(
    st.binary(max_size=200),
    st.lists(SCRAPS, max_size=30).map(lambda parts: "".join(parts).encode()),
    st.lists(SCRAPS, max_size=20).map(lambda parts: webvtt(f"{FIRST}\n{''.join(parts)}").encode()),
)


@given(FILES_OF_SCRAPS)
@example(webvtt(f"{FIRST}\n&am<x>p;lt;script&gt;").encode())
def test_any_bytes_become_captions_that_read_the_same_again_or_a_clear_error(data: bytes) -> None:
    try:
        track = read(data)
    except UnusableUpload:
        return

    assert read(track.webvtt) == track
    lines = track.webvtt.split("\n")
    assert sum("-->" in line for line in lines) == track.cue_count
    assert set(re.findall(r"<[^>]*>?", track.webvtt)) <= {
        "<b>", "</b>", "<i>", "</i>", "<u>", "</u>",
    }  # fmt: skip


def test_another_program_finds_the_same_cues(tmp_path: Path) -> None:
    path = tmp_path / "captions.vtt"
    cues = [f"00:00:0{n}.000 --> 00:00:0{n + 2}.250\nA --> B\n<i>{n}</i>" for n in range(5)]
    path.write_text(read(webvtt(*cues)).webvtt, encoding="utf-8")

    limits = VideoLimits()
    packets = run_ffmpeg(
        [*input_arguments(path, demuxer="webvtt", limits=limits), "-map", "0:s", "-c", "copy",
         "-f", "framecrc", "-"],
        limits=limits,
    ).stdout  # fmt: skip

    times = [line.split(",")[1:4:2] for line in packets.splitlines() if not line.startswith("#")]
    assert [[int(ms) for ms in pair] for pair in times] == [[n * 1000, 2250] for n in range(5)]


# --- Languages --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "kept", "name"),
    [
        ("ru", "ru", "Русский"),
        ("PT-br", "pt-BR", "Português Brasileiro"),
        ("zh-hant-tw", "zh-Hant-TW", "繁體中文"),
        ("es-419", "es-419", "español"),
        ("tlh", "tlh", "tlh"),
    ],
)
def test_a_language_is_kept_by_its_usual_code_and_called_as_it_calls_itself(
    sent: str, kept: str, name: str
) -> None:
    assert normal_code(sent) == kept
    assert own_name(kept) == name


@pytest.mark.parametrize("sent", ["", "e", "english", "en_US", "en-", "ru\0", "ру", "en\n", "../x"])
def test_what_is_no_language_is_refused(sent: str) -> None:
    with pytest.raises(DomainError) as refused:
        normal_code(sent)

    assert (refused.value.code, refused.value.field) == ("language_invalid", "language")
