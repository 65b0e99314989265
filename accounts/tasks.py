"""Mails and what is swept up. Tokens are made here, so that none passes through the queue."""

from celery import shared_task
from django.db import OperationalError

RETRIED = (OperationalError, OSError)  # SMTPException is one of them


@shared_task(autoretry_for=RETRIED, retry_backoff=5, retry_backoff_max=300, max_retries=6)
def send_verification(user_id: str, language: str) -> None:
    """Write to somebody who registered."""
    from accounts import letters

    letters.verification(user_id, language=language)


@shared_task(autoretry_for=RETRIED, retry_backoff=5, retry_backoff_max=300, max_retries=6)
def send_reset(user_id: str, language: str) -> None:
    """Write to somebody who forgot the password; to nobody if nobody has that id."""
    from accounts import letters

    letters.reset(user_id, language=language)


@shared_task(autoretry_for=RETRIED, retry_backoff=5, retry_backoff_max=300, max_retries=6)
def send_address_change(user_id: str, address: str, language: str) -> None:
    """Ask a new address whether it is the user's."""
    from accounts import letters

    letters.address_change(user_id, address=address, language=language)


@shared_task(autoretry_for=RETRIED, retry_backoff=5, retry_backoff_max=300, max_retries=6)
def send_invitation(invitation_id: str, language: str) -> None:
    """Write to somebody who is invited. Sent again, it is another link that is good."""
    from accounts import letters

    letters.invitation(invitation_id, language=language)


@shared_task(autoretry_for=RETRIED, retry_backoff=5, retry_backoff_max=60, max_retries=4)
def send_otp_code(user_id: str, language: str) -> None:
    """Write to somebody who signs in the code that is good now."""
    from accounts import letters

    letters.otp_code(user_id, language=language)


@shared_task(autoretry_for=RETRIED, retry_backoff=5, retry_backoff_max=300, max_retries=6)
def send_notice(letter: str, address: str, username: str, language: str) -> None:
    """Write what holds no secret."""
    from accounts import letters

    letters.notice(letter, address=address, username=username, language=language)


@shared_task
def drop_unconfirmed() -> None:
    """Forget accounts that were registered and never confirmed."""
    from accounts import registration

    registration.drop_unconfirmed()


@shared_task
def forget_what_is_old() -> None:
    """Keep nothing longer than it is needed."""
    from accounts import retention

    retention.forget_what_is_old()
