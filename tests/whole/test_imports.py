"""What a process may load."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
WEB = """
import sys, django
django.setup()
import config.urls, config.wsgi
from config.celery import app
app.loader.import_default_modules()
print(sorted({"cv2", "numpy", "zxcvbn"} & set(sys.modules)))
"""


def test_a_web_process_starts_without_opencv_and_the_lists_of_passwords() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", WEB],
        cwd=ROOT,
        env={"DJANGO_SETTINGS_MODULE": "config.settings.base", "SECRET_KEY": "x", "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert loaded.stdout.strip() == "[]"


def test_settings_load_in_an_empty_environment() -> None:
    subprocess.run(
        [sys.executable, "manage.py", "help", "up"],
        cwd=ROOT,
        env={"PATH": ""},
        capture_output=True,
        check=True,
        timeout=60,
    )
