"""Signing in and registering under the paths of version 1.1.0."""

from drf_spectacular.utils import extend_schema, extend_schema_view

from accounts.api.registration import RegisterView
from accounts.api.views import LoginView
from vertexar.api.superseded import SupersededView


@extend_schema_view(
    post=extend_schema(
        operation_id="legacy_login",
        description="Sign in; ask `/api/v1/auth/login` instead.",
        deprecated=True,
    )
)
class LegacyLoginView(SupersededView, LoginView):
    """Signing in under the old path."""

    successor = "api:login"


@extend_schema_view(
    post=extend_schema(
        operation_id="legacy_register",
        description="Register; ask `/api/v1/auth/register` instead.",
        deprecated=True,
    )
)
class LegacyRegisterView(SupersededView, RegisterView):
    """Registering under the old path; it asks for an address now, and makes no administrators."""

    successor = "api:register"
