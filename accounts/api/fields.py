"""Fields that several views of people share."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from rest_framework import serializers
from rest_framework.fields import get_error_detail

PASSWORD_MAX = 1000  # a longer one only costs time
USERNAME_MAX = 150


class PasswordField(serializers.CharField):
    """A password as it was typed, blanks and all."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=PASSWORD_MAX, trim_whitespace=False, write_only=True, **kwargs)


class UsernameField(serializers.CharField):
    """A user name: letters, digits and @/./+/-/_."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=USERNAME_MAX, validators=[UnicodeUsernameValidator()], **kwargs)


@contextmanager
def password_refused_at(field: str) -> Iterator[None]:
    """Turn a password that a service finds too weak into errors of a field, each with its code.

    Raises:
        ValidationError: of the API, in place of Django's.
    """
    try:
        yield
    except ValidationError as error:
        raise serializers.ValidationError({field: get_error_detail(error)}) from error
