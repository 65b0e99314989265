"""Users as commands name them."""

from django.core.management.base import CommandError

from accounts.models import User, called


def user_named(username: str) -> User:
    """Find a user.

    Raises:
        CommandError: nobody has that name.
    """
    user = User.objects.filter(called(username)).first()
    if user is None:
        raise CommandError(f"There is no user {username}.")
    return user
