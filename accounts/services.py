"""What may be done to people and their organisations."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Membership, Organization, Role, User, called
from vertexar.errors import NotAllowed

FIRST_ORGANIZATION = "Vertex AR"
NO_MAIL = "localhost.localdomain"


def home_organization(user: User) -> Organization:
    """The organisation in which a user's new things are made: the first they joined.

    Raises:
        NotAllowed: the user belongs to none.
    """
    membership = (
        user.memberships.select_related("organization").order_by("created_at", "pk").first()
    )
    if membership is None:
        raise NotAllowed(
            _("You do not belong to an organisation yet."),
            code="no_organization",
            hint=_("Ask an owner to add you to theirs."),
        )
    return membership.organization


@transaction.atomic
def create_admin(*, username: str, email: str, password: str) -> tuple[User, bool]:
    """Make the first administrator and the organisation to work in; harmless to repeat.

    Args:
        username: of the administrator.
        email: whoever runs the installation vouches for it; "" if there is none.
        password: strong enough.

    Returns:
        The user of that name, and whether it was made now. An existing user is left as it is.
    """
    organization, _made = Organization.objects.get_or_create(name=FIRST_ORGANIZATION)
    user = User.objects.filter(called(username)).first()
    if user is not None:
        return user, False
    user = User.objects.create_superuser(
        username=username,
        email=email or f"{username}@{NO_MAIL}",
        email_verified_at=timezone.now() if email else None,
        password=password,
    )
    Membership.objects.create(user=user, organization=organization, role=Role.OWNER)
    audit.record(audit.Action.CREATED, actor=None, target=user, organization=organization)
    return user, True
