"""Making an account of one's own, where the installation allows it."""

from datetime import timedelta
from itertools import count
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, links, tasks
from accounts.mail import Letter, post
from accounts.models import Membership, Organization, Role, User, called, with_address
from accounts.otp.codes import WrongPassword
from vertexar.errors import Conflict, NotAllowed


class NameTaken(Conflict):
    """Somebody has that user name."""

    code = "username_taken"
    field = "username"


class RegistrationClosed(NotAllowed):
    """Nobody may make an account here but those who are invited."""

    code = "registration_closed"


def register(*, username: str, email: str, password: str) -> None:
    """Make an account that is neither staff nor administrator, in an organisation of its own.

    With EMAIL_VERIFICATION it opens nothing until the link in a mail is followed, and whoever asks
    learns neither whether the address nor whether the name is known: the mail says it. Known and
    unknown take the same steps, so that the time doesn't tell either.

    Raises:
        RegistrationClosed: by the settings.
        ValidationError: the password is too weak.
        NameTaken: without EMAIL_VERIFICATION only.
    """
    if not settings.REGISTRATION_OPEN:
        raise RegistrationClosed(
            _("Nobody can register here."), hint=_("Ask an owner of an organisation to invite you.")
        )
    user = User(username=User.normalize_username(username), email=email.lower(), is_active=False)
    validate_password(password, user)
    user.set_password(password)
    is_verified_first: bool = settings.EMAIL_VERIFICATION
    try:
        with transaction.atomic():
            _register(user, is_verified_first=is_verified_first)
    except IntegrityError as error:  # somebody was faster by the blink of an eye
        if not is_verified_first:
            raise name_taken() from error


@transaction.atomic
def verify(*, uid: str, token: str, password: str) -> User:
    """Open an account whose owner reads the mail of its address.

    Args:
        uid, token: of the link in the mail.
        password: the one chosen when registering. Anybody may register an address, also while it
            waits to be confirmed; who reads its mail must not open what somebody else can enter.

    Raises:
        LinkNotValid: it was used, has run out, or never was one.
        WrongPassword: it was registered with another one; the link stays good.
    """
    user = links.user_by(uid, token, links.VERIFY)
    if not user.check_password(password):
        raise WrongPassword(
            _("The password is wrong."),
            hint=_("If you did not choose one, somebody else did: do nothing, or register anew."),
        )
    user.is_active, user.email_verified_at = True, timezone.now()
    user.save(update_fields=["is_active", "email_verified_at"])
    found_organization(user)
    audit.record(audit.Action.EMAIL_VERIFIED, actor=user, target=user)
    return user


def found_organization(user: User) -> Organization:
    """Make an organisation of a user's own, named like them."""
    for number in count(1):
        name = user.username if number == 1 else f"{user.username} {number}"
        organization, is_new = Organization.objects.get_or_create(name=name)
        if is_new:
            break
    Membership.objects.create(user=user, organization=organization, role=Role.OWNER)
    return organization


def unconfirmed() -> QuerySet[User]:
    """Accounts that were registered and never opened: nobody has deactivated them, then."""
    return User.objects.filter(
        is_active=False,
        email_verified_at=None,
        last_login=None,
        session_version=0,
        is_staff=False,
        is_superuser=False,
        memberships=None,
    )


def drop_unconfirmed() -> int:
    """Forget those whose link has run out for long, and so free their names.

    Returns:
        How many.
    """
    long_ago = timezone.now() - 2 * timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)
    _rows, by_model = unconfirmed().filter(date_joined__lt=long_ago).delete()
    return by_model.get(User._meta.label, 0)


def name_taken() -> NameTaken:
    """Say so, and what helps."""
    return NameTaken(_("This user name is taken."), hint=_("Choose another one."))


def _register(user: User, *, is_verified_first: bool) -> None:
    name, address = user.username, user.email
    pending = unconfirmed().select_for_update(of=["self"]).filter(with_address(address)).first()
    others = User.objects.exclude(pk=pending.pk) if pending is not None else User.objects.all()
    has_name = others.filter(called(name)).exists()
    has_address = others.filter(with_address(address)).exists()
    if has_name and not is_verified_first:
        raise name_taken()
    with transaction.atomic():
        if has_name or has_address:  # what is made is unmade: it was for the time it takes
            tag = uuid4().hex
            user.username, user.email = tag, f"{tag}@localhost.localdomain"
        elif pending is not None:  # the last word counts, and the former link is void
            user.pk, user._state.adding = pending.pk, False
        user.is_active = not is_verified_first
        user.save()
        if user.is_active:
            found_organization(user)
        audit.record(audit.Action.REGISTERED, actor=user, target=user)
        transaction.set_rollback(has_name or has_address)
    if has_address:
        post(tasks.send_notice, Letter.KNOWN.value, address, name)
    elif has_name:
        post(tasks.send_notice, Letter.NAME_TAKEN.value, address, name)
    elif is_verified_first:
        post(tasks.send_verification, str(user.pk))
