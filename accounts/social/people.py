"""Who of ours it is that a provider vouches for. docs/adr/0012-social-login.md says why so."""

import re
from dataclasses import dataclass
from itertools import count

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, lockout, sessions, tasks
from accounts.mail import Letter, post
from accounts.models import User, called, with_address
from accounts.registration import RegistrationClosed, found_organization, unconfirmed
from vertexar.errors import Conflict, NotAllowed

NOT_IN_A_NAME = re.compile(r"[^\w.+-]+")
USERNAME_KEPT = 100  # signs of a name from elsewhere: room for a number after it


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody, as a provider knows them.

    Attributes:
        provider: its id; with `uid` it is always the same person.
        provider_name: as people call it.
        uid: never given to anybody else by the provider.
        email: ASCII, in small letters; "" unless the provider says that it is theirs.
        username: a wish, or "".
    """

    provider: str
    provider_name: str
    uid: str
    email: str
    username: str = ""
    first_name: str = ""
    last_name: str = ""


def account_for(identity: Identity, *, owner: User | None = None) -> tuple[SocialAccount, bool]:
    """Find whose identity it is: known from before, known by the address, or somebody new.

    Call it within `lockout.judging`, so that what is written down of a refusal stays.

    Args:
        identity: who it is elsewhere.
        owner: who is signed in here meanwhile, if anybody.

    Returns:
        The account elsewhere, with its `user`, and whether the user was made now.

    Raises:
        NotAllowed: nobody who may come in; the code says why.
        Conflict: it came twice at once.
    """
    try:
        with transaction.atomic():
            account = _known(identity) or _joined(identity, owner)
            is_new = account is None
            if account is None:
                account = _registered(identity)
            _demand_active(account.user)
    except NotAllowed as error:
        audit.record(
            audit.Action.LOGIN_FAILED,
            actor=None,
            target=_user_of(identity),
            by=identity.provider,
            reason=error.code,
        )
        raise
    except IntegrityError as error:  # somebody was faster by the blink of an eye
        raise Conflict(_("That came twice at once."), hint=_("Begin again.")) from error
    return account, is_new


def demand_heard(request: HttpRequest, user: User) -> None:
    """Let nobody pass who is locked out here. Call it within `lockout.judging`.

    Raises:
        LockedOut: this user name is not heard from this address for a while.
    """
    username = user.get_username()
    try:
        lockout.LockOutBackend().authenticate(request, username=username)
    except PermissionDenied as error:
        request.axes_locked_out = False  # type: ignore[attr-defined]  # we answer it ourselves
        left = lockout.locked_for(key=lockout.name_key(username), ip=lockout.address_of(request))
        raise lockout.locked_out(left) from error


def has_trusted_address(user: User) -> bool:
    """Whether it is known that a user's address is theirs, and nobody has only claimed it.

    They have followed a link in a mail, or an administrator has given it them.
    """
    return user.email_verified_at is not None


def _known(identity: Identity) -> SocialAccount | None:
    account = (
        SocialAccount.objects.select_related("user")
        .filter(provider=identity.provider, uid=identity.uid)
        .first()
    )
    if account is not None:
        account.save(update_fields=["last_login"])
    return account


def _joined(identity: Identity, owner: User | None) -> SocialAccount | None:
    """Let who has an account with that address sign in with the identity from now on.

    Unless they are signed in, the password and all sessions end: whoever knew the password or was
    in before need not be who reads the mail of the address now.

    Raises:
        NotAllowed: the address is not sure, here or there, or belongs to another identity already.
    """
    if not identity.email:
        raise NotAllowed(
            _("%(provider)s does not say that your address is yours.")
            % {"provider": identity.provider_name},
            code="email_not_verified",
            hint=_("Confirm it there, or sign in with your password."),
        )
    user = _user_with(identity.email)
    if user is None:
        return None
    if not has_trusted_address(user):
        raise NotAllowed(
            _("Nobody has confirmed yet that the user with your address is you."),
            code="address_not_confirmed",
            hint=_("Choose a new password by mail: that confirms it. Then begin again."),
        )
    if SocialAccount.objects.filter(user=user, provider=identity.provider).exists():
        raise NotAllowed(
            _("The user with your address signs in with another account of %(provider)s.")
            % {"provider": identity.provider_name},
            code="other_identity",
            hint=_("Use that one, or sign in with your password."),
        )
    account = _link(identity, user)
    is_owners = user == owner
    audit.record(
        audit.Action.CHANGED,
        actor=user,
        target=user,
        joined=identity.provider,
        signed_in=is_owners,
    )
    if not is_owners:
        user.set_unusable_password()
        user.save(update_fields=["password"])
        sessions.end_all_sessions(user, actor=user)
        post(tasks.send_notice, Letter.JOINED_ELSEWHERE.value, user.email, user.username)
    return account


def _registered(identity: Identity) -> SocialAccount:
    """Make an account and an organisation, as `registration.register` does.

    Raises:
        RegistrationClosed: by the settings.
    """
    if not settings.REGISTRATION_OPEN:
        raise RegistrationClosed(
            _("Nobody here has your address, and nobody can register."),
            hint=_("Ask an owner of an organisation to invite you."),
        )
    # Somebody claimed the address, and that is all: they never followed the link in the mail.
    unconfirmed().filter(with_address(identity.email)).delete()
    user = User(
        username=_free_username(identity),
        email=identity.email,
        first_name=identity.first_name,
        last_name=identity.last_name,
        email_verified_at=timezone.now(),
    )
    user.set_unusable_password()
    user.save()
    found_organization(user)
    audit.record(audit.Action.REGISTERED, actor=user, target=user, by=identity.provider)
    return _link(identity, user)


def _demand_active(user: User) -> None:
    if not user.is_active:
        raise NotAllowed(
            _("This account is closed."),
            code="account_inactive",
            hint=_("Ask whoever runs this installation."),
        )


def _user_with(address: str) -> User | None:
    """Find and lock whose address it is; an account that was never confirmed is nobody's."""
    users = User.objects.select_for_update().exclude(pk__in=unconfirmed().values("pk"))
    return users.filter(with_address(address)).first()


def _user_of(identity: Identity) -> User | None:
    """Whom a refusal is about, if anybody."""
    account = SocialAccount.objects.filter(provider=identity.provider, uid=identity.uid).first()
    if account is not None:
        user: User = account.user
        return user
    return User.objects.filter(with_address(identity.email)).first() if identity.email else None


def _link(identity: Identity, user: User) -> SocialAccount:
    """Remember whose identity it is. What else the provider tells is not kept."""
    return SocialAccount.objects.create(
        user=user, provider=identity.provider, uid=identity.uid, extra_data={}
    )


def _free_username(identity: Identity) -> str:
    wish = identity.username or identity.email.partition("@")[0]
    base = NOT_IN_A_NAME.sub("", User.normalize_username(wish))[:USERNAME_KEPT] or "user"
    names = (base if number == 1 else f"{base}{number}" for number in count(1))
    return next(name for name in names if not User.objects.filter(called(name)).exists())
