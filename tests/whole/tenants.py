"""Organisations with people and one of everything, for tests of who gets what."""

from dataclasses import dataclass
from datetime import timedelta

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from accounts.models import Invitation, Organization, Role, User
from arcontent.models import ARContent, Captions
from markers.models import Marker, MarkerBatch, MarkerPreset
from markers.sets import merge_targets
from tests.accounts.factories import MembershipFactory, OrganizationFactory
from tests.arcontent.factories import ARContentFactory, CaptionsFactory, VideoFactory
from tests.markers.factories import MarkerFactory


@dataclass(frozen=True)
class Tenant:
    """An organisation with its people and one of everything that can belong to it."""

    organization: Organization
    owner: User
    viewer: User
    content: ARContent
    captions: Captions
    marker: Marker
    batch: MarkerBatch
    preset: MarkerPreset
    invitation: Invitation

    def ids(self) -> set[str]:
        """The ids by which others would notice it."""
        rows = (
            self.organization, self.owner, self.viewer, self.content, self.captions, self.marker,
            self.batch, self.preset, self.invitation,
        )  # fmt: skip
        return {str(row.pk) for row in rows}


def make_tenant() -> Tenant:
    """Make one; its marker's target is really there."""
    organization = OrganizationFactory.create()
    owner, viewer = (
        MembershipFactory.create(organization=organization, role=role).user
        for role in (Role.OWNER, Role.VIEWER)
    )
    batch = MarkerBatch.objects.create(organization=organization)
    marker = MarkerFactory.create(organization=organization, batch=batch, ready=True)
    default_storage.save(marker.target, ContentFile(merge_targets([])))
    content = ARContentFactory.create(organization=organization, marker=marker)
    video = VideoFactory.create(content=content, ready=True)
    return Tenant(
        organization=organization,
        owner=owner,
        viewer=viewer,
        content=content,
        captions=CaptionsFactory.create(video=video, language="ru"),
        marker=marker,
        batch=batch,
        preset=MarkerPreset.objects.create(organization=organization, name="print"),
        invitation=Invitation.objects.create(
            organization=organization,
            email=f"guest@{organization.pk}.example.org",
            token_sha256=organization.pk.hex * 2,
            expires_at=timezone.now() + timedelta(days=1),
        ),
    )
