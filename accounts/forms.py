"""What people type into the pages outside of the back office, and into that of their password."""

from typing import Any

from django import forms
from django.contrib.auth.forms import (
    BaseUserCreationForm,
    PasswordChangeForm,
    SetPasswordForm,
    UsernameField,
)
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import passwords
from accounts.models import User
from accounts.otp import codes
from vertexar.errors import DomainError


class AskForResetForm(forms.Form):
    """Whose password was forgotten."""

    email = forms.EmailField(
        label=_("Email address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True}),
    )


class OwnPasswordForm(PasswordChangeForm):
    """One's own password, in the back office."""

    def __init__(self, user: User, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        self.request = request
        super().__init__(user, *args, **kwargs)

    def clean_old_password(self) -> str:
        """Make sure who it is; wrong ones are counted as at the door."""
        password = str(self.cleaned_data["old_password"])
        try:
            codes.check_password(self.request, self.user, password)
        except DomainError as error:
            raise ValidationError(error.message, code=error.code) from error
        return password

    def save(self, commit: bool = True) -> User:  # noqa: FBT001, FBT002  Django's signature
        """End all other sessions with the old one."""
        passwords.set_password(self.user, self.cleaned_data["new_password1"], actor=self.user)
        return self.user


class NewPasswordForm(SetPasswordForm):  # type: ignore[type-arg]  # it takes none
    """A new password for one that was forgotten."""

    def save(self, commit: bool = True) -> User:  # noqa: FBT001, FBT002  Django's signature
        """Leave that to the service, which checks the link once more."""
        user: User = self.user
        return user


class JoinForm(BaseUserCreationForm[User]):
    """An account for who was invited."""

    class Meta:
        model = User
        fields = ["username"]
        field_classes = {"username": UsernameField}


class KnownPasswordForm(forms.Form):
    """The password that an account has already."""

    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
