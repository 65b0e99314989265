"""What people are written, in their language. A worker sends it, and makes the links itself."""

import logging
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

from celery import Task
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from kombu.exceptions import OperationalError
from redis import RedisError

from accounts import mail_limits

logger = logging.getLogger(__name__)
Text = str | Promise


class Letter(StrEnum):
    """What we write about."""

    VERIFY = "verify"
    KNOWN = "known"
    NAME_TAKEN = "name_taken"
    RESET = "reset"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  a kind, no password
    ADDRESS_CHANGE = "address_change"
    ADDRESS_CHANGED = "address_changed"
    INVITATION = "invitation"
    OTP_CODE = "otp_code"
    OTP_RECOVERED = "otp_recovered"
    JOINED_ELSEWHERE = "joined_elsewhere"


# What anybody can have sent by typing an address, and what only who knows the password can: counted
# apart, so that nobody keeps somebody else's codes away. The rest tells what was done.
LIMITED = dict.fromkeys(
    (Letter.VERIFY, Letter.KNOWN, Letter.NAME_TAKEN, Letter.RESET, Letter.ADDRESS_CHANGE), "asked"
) | {Letter.OTP_CODE: "code"}


@dataclass(frozen=True, slots=True)
class Wording:
    """A letter with places for what differs."""

    subject: Text
    paragraphs: tuple[Text, ...]


LINK = "{link}"
NOT_YOU = _("If it was not you, do nothing, and nothing happens.")
WORDINGS: dict[Letter, Wording] = {
    Letter.VERIFY: Wording(
        _("Confirm your address"),
        (
            _("An account was made for this address. Its user name is {username}."),
            _("If that was you, confirm it. The link is good for {minutes} minutes, once:"),
            LINK,
            _("If the name is not yours or it was not you, do nothing, and nothing happens."),
        ),
    ),
    Letter.KNOWN: Wording(
        _("You have an account already"),
        (
            _("Somebody wanted to make an account for this address, but it has one already."),
            _("If that was you, sign in with it. Here you can choose a new password for it:"),
            LINK,
            NOT_YOU,
        ),
    ),
    Letter.NAME_TAKEN: Wording(
        _("Choose another user name"),
        (
            _("You wanted to make an account with the user name {username}. It is taken."),
            _("No account was made. Register again with another name."),
            NOT_YOU,
        ),
    ),
    Letter.RESET: Wording(
        _("A new password"),
        (
            _("Somebody asked for a new password for the user {username}."),
            _("If that was you, choose one. The link is good for {minutes} minutes, once:"),
            LINK,
            NOT_YOU,
        ),
    ),
    Letter.PASSWORD_CHANGED: Wording(
        _("Your password was changed"),
        (
            _("The password of the user {username} was changed, and all sessions have ended."),
            _("If it was not you, choose a new one at once:"),
            LINK,
        ),
    ),
    Letter.ADDRESS_CHANGE: Wording(
        _("Confirm your new address"),
        (
            _("The user {username} wants to be reached at this address."),
            _("If that is you, confirm it. The link is good for {minutes} minutes, once:"),
            LINK,
            NOT_YOU,
        ),
    ),
    Letter.ADDRESS_CHANGED: Wording(
        _("Your address was changed"),
        (
            _("The user {username} is now reached at another address."),
            _("If it was not you, tell whoever runs this installation at once."),
        ),
    ),
    Letter.INVITATION: Wording(
        _("You are invited to {organization}"),
        (
            _("{inviter} invites you to work in {organization}. Your role: {role}."),
            _("Here you can accept; the link is good for {days} days, once:"),
            LINK,
            _("If you don't know what this is about, do nothing."),
        ),
    ),
    Letter.OTP_CODE: Wording(
        _("A code to sign in"),
        (
            _("Somebody signs in as {username} with the right password. The code is {code}."),
            _("It is good for five minutes. If it was not you, change your password."),
        ),
    ),
    Letter.OTP_RECOVERED: Wording(
        _("Your second factor was taken away"),
        (
            _("The second factor of the user {username} was taken away, as it was lost."),
            _("If it was not lost, tell whoever runs this installation at once."),
        ),
    ),
    Letter.JOINED_ELSEWHERE: Wording(
        _("You sign in with an account elsewhere now"),
        (
            _("An account elsewhere that has your address was joined to the user {username}."),
            _("The password holds no more, and all sessions have ended."),
            _("If you want a password as well, or if it was not you, choose one here:"),
            LINK,
        ),
    ),
}


def post(task: "Task[..., None]", *arguments: str) -> None:
    """Have a worker send a mail in the language of the request, once all is committed.

    With no broker there is no mail: whoever waits for it asks again.
    """
    language = get_language() or settings.LANGUAGE_CODE
    transaction.on_commit(partial(_hand_over, task, *arguments, language))


def send(letter: Letter, *, to: str, language: str, **fields: Any) -> None:
    """Write a letter and send it, unless its address has had enough of the kind for this hour.

    Args:
        letter: what about.
        to: an address.
        language: which one to write in.
        **fields: what fills the wording's places.

    Raises:
        OSError: the mail server can't be reached or refuses.
    """
    wording = WORDINGS[letter]
    try:
        place = mail_limits.take_place(LIMITED[letter], to) if letter in LIMITED else ""
    except mail_limits.Full:
        logger.warning("mail %s: not sent, the address has had enough for an hour", letter.value)
        return
    with translation.override(language):
        texts = [str(text).format(**fields) for text in wording.paragraphs]
        subject = " ".join(str(wording.subject).format(**fields).split())  # a header has one line
        message = EmailMessage(
            f"Vertex AR: {subject}", "\n\n".join([*texts, "— Vertex AR"]), to=[to]
        )
        message.extra_headers["Auto-Submitted"] = "auto-generated"  # RFC 3834
        try:
            message.send()
        except BaseException:
            mail_limits.give_back(place)
            raise
    logger.info("mail %s: sent", letter.value)


def _hand_over(task: "Task[..., None]", *arguments: str) -> None:
    try:
        task.delay(*arguments)
    except (OperationalError, RedisError, OSError) as error:  # away, or there and mute
        logger.error("%s: the mail is not sent: %s", task.name, error)  # noqa: TRY400
