from django.apps import AppConfig


class VertexarConfig(AppConfig):
    """The shared kernel. No tables."""

    name = "vertexar"

    def ready(self) -> None:
        """Register the system checks, and report errors where that is wished for."""
        from vertexar import checks, sentry  # noqa: F401

        sentry.start()
