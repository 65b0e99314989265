"""Log lines: what machines read, what is left out, and files that several processes share."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from vertexar import logs, request_id
from vertexar.logs import SharedFile, StructuredFormatter

ROOT = Path(__file__).parents[2]


def line_of(message: str, *arguments: object, log_format: str = "json", **more: object) -> str:
    record = logging.makeLogRecord(
        {"name": "room", "levelname": "WARNING", "msg": message, "args": arguments, **more}
    )
    return StructuredFormatter(log_format).format(record)


def test_a_line_is_one_object_with_its_request() -> None:
    token = request_id.current.set("request-1")
    try:
        line = line_of("marker %s: two\nlines", 7)
    finally:
        request_id.current.reset(token)

    assert "\n" not in line
    written = json.loads(line)
    assert written["message"] == "marker 7: two\nlines"
    assert (written["level"], written["logger"]) == ("warning", "room")
    assert written["request_id"] == "request-1"
    assert written["time"].endswith("Z")


@pytest.mark.parametrize("log_format", logs.FORMATS)
@pytest.mark.parametrize(
    "secret", ["anna@example.org", "anna%40example.org", "/account/verify/MQ/anna"]
)
def test_no_line_says_whose_an_account_is_or_opens_it(log_format: str, secret: str) -> None:
    try:
        raise LookupError(f'no "{secret}" here')  # noqa: TRY301
    except LookupError:
        exc_info = sys.exc_info()

    line = line_of("for %s\\", secret, log_format=log_format, exc_info=exc_info)

    assert "anna" not in line
    assert "LookupError" in line
    if log_format == "json":
        assert json.loads(line)["message"].startswith("for ")


def test_what_libraries_attach_is_left_out_but_what_is_harmless() -> None:
    line = line_of("x", request="GET /?q=anna", data={"args": "anna"}, status_code=500)

    assert "anna" not in line
    assert json.loads(line)["status_code"] == 500


WRITE = """
import logging, sys
from vertexar import logs
logs.FILE_MAX_BYTES = 4000
handler, errors = logs.files_in(sys.argv[1], "json")
log = logging.getLogger("x")
log.addHandler(handler); log.addHandler(errors); log.setLevel("INFO"); log.propagate = False
for number in range(60):
    log.info("%s-%02d", sys.argv[2], number)
log.error("%s failed", sys.argv[2])
"""


def test_processes_share_a_file_that_is_put_aside_and_lose_no_line(tmp_path: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITE, str(tmp_path), str(name)], cwd=ROOT)
        for name in range(3)
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]

    files = sorted(tmp_path.glob("vertexar.log*"))
    lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    written = {line["message"] for line in lines}
    last = {f"{name}-{number:02d}" for name in range(3) for number in range(55, 60)}
    assert len(files) == 1 + logs.OLD_FILES  # more was written than is kept
    assert all(file.stat().st_size <= 4000 for file in files)
    assert len(lines) == len({line["time"] + line["message"] for line in lines})
    assert len(written & last) >= 5
    errors = (tmp_path / "errors.log").read_text().splitlines()
    assert {json.loads(line)["message"] for line in errors} == {f"{n} failed" for n in range(3)}


def test_a_file_that_somebody_else_moved_is_begun_anew(tmp_path: Path) -> None:
    handler = SharedFile(str(tmp_path / "a.log"))
    handler.handle(logging.makeLogRecord({"msg": "one"}))
    (tmp_path / "a.log").rename(tmp_path / "moved")
    handler.handle(logging.makeLogRecord({"msg": "two"}))
    handler.close()

    assert (tmp_path / "moved").read_text() == "one\n"
    assert (tmp_path / "a.log").read_text() == "two\n"


def test_who_reads_at_a_terminal_or_develops_gets_lines_for_people(tmp_path: Path) -> None:
    terminal, secondary = os.openpty()
    with (
        os.fdopen(terminal, "w"),
        os.fdopen(secondary, "w") as screen,
        (tmp_path / "log").open("w") as file,
    ):
        assert logs.usual_format(screen, debug=False) == "pretty"
        assert logs.usual_format(file, debug=False) == "json"
        assert logs.usual_format(file, debug=True) == "pretty"
