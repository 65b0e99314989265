"""Oneself, one's sessions, one's organisations and the people in them."""

from http import HTTPStatus
from typing import Any, cast
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from accounts import people, sessions
from accounts.api.fields import PasswordField
from accounts.models import (
    CAPABILITIES,
    ApiSession,
    Membership,
    Organization,
    Role,
    User,
)
from accounts.otp import codes
from vertexar.api.schema import problems


class BelongingSerializer(serializers.ModelSerializer[Membership]):
    """Where one belongs, and what one may do there."""

    id = serializers.UUIDField(source="organization_id")
    name = serializers.CharField(source="organization.name")
    capabilities = serializers.SerializerMethodField()

    class Meta:
        model = Membership
        fields = ["id", "name", "role", "capabilities"]

    def get_capabilities(self, membership: Membership) -> list[str]:
        return sorted(CAPABILITIES[Role(membership.role)])


class MeSerializer(serializers.ModelSerializer[User]):
    """Oneself."""

    is_email_verified = serializers.SerializerMethodField()
    organizations = BelongingSerializer(source="memberships", many=True, read_only=True)

    class Meta:
        model = User
        fields = [
            "id", "username", "email", "is_email_verified", "first_name", "last_name",
            "is_staff", "organizations",
        ]  # fmt: skip
        read_only_fields = fields

    def get_is_email_verified(self, user: User) -> bool:
        return user.email_verified_at is not None


class ChangedMeSerializer(MeSerializer):
    """Oneself, and the address that is to be confirmed before it is one's own."""

    email_to_confirm = serializers.SerializerMethodField(
        help_text="A link was mailed there if nobody else has this address; empty if it holds now."
    )

    class Meta(MeSerializer.Meta):
        fields = [*MeSerializer.Meta.fields, "email_to_confirm"]
        read_only_fields = fields

    def get_email_to_confirm(self, user: User) -> str:
        return str(self.context.get("email_to_confirm", ""))


class MePatchSerializer(serializers.Serializer[Any]):
    """What one may change of oneself."""

    first_name = serializers.CharField(max_length=150, allow_blank=True, required=False)
    last_name = serializers.CharField(max_length=150, allow_blank=True, required=False)
    email = serializers.EmailField(max_length=254, required=False)
    current_password = PasswordField(required=False, help_text="Needed for a new address.")


class MeView(APIView):
    """Who asks."""

    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        """Tell who one is."""
        return Response(MeSerializer(cast("User", request.user)).data)

    @extend_schema(
        request=MePatchSerializer,
        responses={200: ChangedMeSerializer, **problems(HTTPStatus.CONFLICT)},
    )
    def patch(self, request: Request) -> Response:
        """Change one's name or address. An address holds once the link mailed to it is followed."""
        serializer = MePatchSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        sent, user = serializer.validated_data, cast("User", request.user)
        address = sent.pop("email", user.email)
        password = sent.pop("current_password", "")
        context = {}
        if address.lower() != user.email.lower():
            codes.check_password(request._request, user, password)
            if not people.ask_for_address(user, address):
                context["email_to_confirm"] = address.lower()
        people.rename(user, **sent)
        return Response(ChangedMeSerializer(user, context=context).data)


class ApiSessionSerializer(serializers.ModelSerializer[ApiSession]):
    """Where one is signed in."""

    is_current = serializers.SerializerMethodField(help_text="Whether it is this one.")

    class Meta:
        model = ApiSession
        fields = [
            "id", "created_at", "refreshed_at", "expires_at", "ip", "user_agent", "is_current",
        ]  # fmt: skip
        read_only_fields = fields

    def get_is_current(self, session: ApiSession) -> bool:
        here = self.context["request"].auth
        return isinstance(here, ApiSession) and here.pk == session.pk


class MySessionViewSet(ListModelMixin, GenericViewSet[ApiSession]):
    """Where one is signed in over the API."""

    queryset = ApiSession.objects.none()  # tells OpenAPI the model; get_queryset() answers
    serializer_class = ApiSessionSerializer

    def get_queryset(self) -> QuerySet[ApiSession]:
        """One's own that go on."""
        user = cast("User", self.request.user)
        return user.api_sessions.live().filter(auth_hash=user.get_session_auth_hash())

    @extend_schema(responses={204: None, **problems(HTTPStatus.CONFLICT)})
    def destroy(self, request: Request, pk: UUID) -> Response:
        """Sign out there."""
        session = self.get_object()
        session.user = cast("User", request.user)
        sessions.end_session(session)
        return Response(status=HTTPStatus.NO_CONTENT)


class OrganizationSerializer(serializers.ModelSerializer[Organization]):
    """A tenant."""

    class Meta:
        model = Organization
        fields = ["id", "name", "created_at"]
        read_only_fields = fields


class OrganizationViewSet(ListModelMixin, GenericViewSet[Organization]):
    """Where one belongs."""

    queryset = Organization.objects.none()
    serializer_class = OrganizationSerializer

    def get_queryset(self) -> QuerySet[Organization]:
        """Scope to the caller."""
        return Organization.objects.visible_to(cast("User", self.request.user)).order_by("name")


class OfOrganization(APIView):
    """A view of what belongs to the organisation that its path names."""

    @property
    def actor(self) -> User:
        """Who asks."""
        return cast("User", self.request.user)

    def organization(self) -> Organization:
        """Find it among those that the caller belongs to.

        Raises:
            Http404: it is not there for them.
        """
        visible = Organization.objects.visible_to(self.actor)
        return get_object_or_404(visible, pk=self.kwargs["organization_id"])


class MemberSerializer(serializers.ModelSerializer[Membership]):
    """Somebody in an organisation. The id is the user's."""

    id = serializers.UUIDField(source="user_id", read_only=True)
    username = serializers.CharField(source="user.username", read_only=True)
    email = serializers.EmailField(source="user.email", read_only=True)
    first_name = serializers.CharField(source="user.first_name", read_only=True)
    last_name = serializers.CharField(source="user.last_name", read_only=True)
    is_active = serializers.BooleanField(source="user.is_active", read_only=True)
    last_login = serializers.DateTimeField(
        source="user.last_login", read_only=True, allow_null=True
    )

    class Meta:
        model = Membership
        fields = [
            "id", "username", "email", "first_name", "last_name", "is_active", "last_login",
            "role", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class MemberPatchSerializer(serializers.Serializer[Any]):
    """What one may change of others."""

    role = serializers.ChoiceField(choices=Role.choices, required=False)
    is_active = serializers.BooleanField(
        required=False,
        help_text="Closes the whole account; only of who belongs to organisations of yours alone.",
    )


class MemberViewSet(OfOrganization, ListModelMixin, GenericViewSet[Membership]):
    """The people of an organisation, for those who manage them."""

    queryset = Membership.objects.none()
    serializer_class = MemberSerializer
    lookup_field = "user_id"
    lookup_url_kwarg = "pk"

    def get_queryset(self) -> QuerySet[Membership]:
        """All of them, by name."""
        members = self.organization().memberships.select_related("user", "organization")
        return members.order_by("user__username")

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Tell who belongs to it."""
        people.demand_right_over(self.organization(), actor=self.actor)
        return super().list(request, *args, **kwargs)

    @extend_schema(
        request=MemberPatchSerializer,
        responses={200: MemberSerializer, **problems(HTTPStatus.CONFLICT)},
    )
    def partial_update(self, request: Request, organization_id: UUID, pk: UUID) -> Response:
        """Give somebody another role, or close or open their account."""
        people.demand_right_over(self.organization(), actor=self.actor)
        membership = self.get_object()
        serializer = MemberPatchSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        people.change_member(membership, actor=self.actor, **serializer.validated_data)
        return Response(MemberSerializer(self.get_object()).data)

    @extend_schema(responses={204: None, **problems(HTTPStatus.CONFLICT)})
    def destroy(self, request: Request, organization_id: UUID, pk: UUID) -> Response:
        """Take somebody out of it, or leave it oneself."""
        if pk != self.actor.pk:
            people.demand_right_over(self.organization(), actor=self.actor)
        people.remove_member(self.get_object(), actor=self.actor)
        return Response(status=HTTPStatus.NO_CONTENT)
