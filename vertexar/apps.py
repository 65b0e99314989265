from django.apps import AppConfig


class VertexarConfig(AppConfig):
    """The shared kernel. No tables."""

    name = "vertexar"

    def ready(self) -> None:
        """Register the system checks."""
        from vertexar import checks  # noqa: F401
