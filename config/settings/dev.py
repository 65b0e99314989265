"""Developing: error pages in the browser, everything else as in production."""

from config.settings.base import *  # noqa: F403

DEBUG = True
