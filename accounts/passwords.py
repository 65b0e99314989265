"""Passwords: changed by who knows the old one, renewed by who reads the account's mail."""

from uuid import uuid4

from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.utils import timezone

from accounts import audit, links, sessions, tasks
from accounts.mail import Letter, post
from accounts.models import User, with_address
from accounts.sessions import TokenPair


def change_password(user: User, new_password: str, *, user_agent: str = "") -> TokenPair:
    """Change the password of who has proved to know the old one, and end every session.

    Returns:
        The tokens of a new session, the only one there is then.

    Raises:
        ValidationError: the new password is too weak.
    """
    with transaction.atomic():
        set_password(user, new_password, actor=user)
        return sessions.begin_session(user, user_agent=user_agent)


@transaction.atomic
def set_password(user: User, new_password: str, *, actor: User) -> None:
    """Give a user another password: all their sessions end, and they are told by mail.

    Raises:
        ValidationError: it is too weak.
    """
    validate_password(new_password, user)
    user.set_password(new_password)
    user.save(update_fields=["password"])
    sessions.end_all_sessions(user, actor=actor)
    audit.record(audit.Action.PASSWORD_CHANGED, actor=actor, target=user)
    post(tasks.send_notice, Letter.PASSWORD_CHANGED.value, user.email, user.username)


@transaction.atomic
def ask_for_reset(email: str) -> None:
    """Send a link for a new password, if the address is somebody's.

    Known and unknown take the same steps, so that neither answer nor time tells which it is.
    """
    user = User.objects.filter(with_address(email), is_active=True).first()
    audit.record(audit.Action.PASSWORD_RESET, actor=None, target=user)
    post(tasks.send_reset, str(user.pk if user is not None else uuid4()))


def reset_password(*, uid: str, token: str, new_password: str) -> User:
    """Choose a new password by the link of a mail; the address is verified by that too.

    Raises:
        LinkNotValid: it was used, has run out, or never was one.
        ValidationError: the new password is too weak; the link stays good.
    """
    with transaction.atomic():
        user = links.user_by(uid, token, links.RESET)
        if user.email_verified_at is None:
            user.email_verified_at = timezone.now()
            user.save(update_fields=["email_verified_at"])
        set_password(user, new_password, actor=user)
    return user
