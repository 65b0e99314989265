"""Taking away a second factor that somebody has lost."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit, sessions, tasks
from accounts.mail import Letter, post
from accounts.models import Capability, Organization, User
from accounts.otp.enrolment import delete_all
from accounts.otp.standing import OWNERS
from accounts.people import people_managed_by
from vertexar.errors import NotAllowed


@transaction.atomic
def recover(user: User, *, actor: User | None, organization: Organization | None = None) -> None:
    """Take away the second factor that somebody has lost, end their sessions and write to them.

    Args:
        user: whose it was.
        actor: who does it; None for an operator at the console.
        organization: as whose manager the actor does it; without it, any that both belong to.

    Raises:
        NotAllowed: the actor may not do that.
        Conflict: there is none.
    """
    if actor is not None:
        shared = Organization.objects.filter(memberships__user=user).order_by("created_at", "pk")
        if organization is not None:
            shared = shared.filter(pk=organization.pk)
        managed = [one for one in shared if actor.can(Capability.MANAGE_PEOPLE, one)]
        if not _may_touch(user, actor=actor) or not (managed or actor.is_superuser):
            raise NotAllowed(
                _("You may not take away the second factor of this user."),
                hint=_("Ask an owner, or an administrator of this installation."),
            )
        organization = managed[0] if managed else None
    delete_all(user)
    audit.record(audit.Action.OTP_RECOVERED, actor=actor, target=user, organization=organization)
    sessions.end_all_sessions(user, actor=actor)
    post(tasks.send_notice, Letter.OTP_RECOVERED.value, user.email, user.username)


def _may_touch(user: User, *, actor: User) -> bool:
    """Whether this user's second factor guards nothing that the actor may not touch.

    One's own goes with a password and a code alone; a superuser's only by another superuser; an
    owner's by who manages owners in every organisation that is theirs. Who belongs elsewhere as
    well is not the actor's to open: the factor guards what is there, too.
    """
    if actor.pk == user.pk:
        return False
    if actor.is_superuser:
        return True
    owned = Organization.objects.filter(memberships__user=user, memberships__role__in=OWNERS)
    is_theirs = people_managed_by(actor).filter(pk=user.pk).exists()
    return is_theirs and all(actor.can(Capability.MANAGE_OWNERS, one) for one in owned)
