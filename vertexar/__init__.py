"""The shared kernel: what every room needs and none of them owns."""

__version__ = "2.0.0"
