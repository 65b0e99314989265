"""The WSGI entry point: `gunicorn config.wsgi`."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")
django.setup(set_prefix=False)

from vertexar.wsgi import Handler  # noqa: E402  # needs the settings

application = Handler()
