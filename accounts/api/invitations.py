"""Inviting people to an organisation, and accepting."""

from http import HTTPStatus
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from accounts import invitations
from accounts.api.authentication import SessionAuthentication
from accounts.api.fields import PasswordField, UsernameField, password_refused_at
from accounts.api.people import OfOrganization
from accounts.api.views import SignInView
from accounts.models import Invitation, Membership, Role, User
from accounts.people import demand_right_over
from vertexar.api.schema import problems


class InvitationSerializer(serializers.ModelSerializer[Invitation]):
    """An invitation that nobody has accepted yet."""

    invited_by = serializers.SlugRelatedField[User]("username", read_only=True, allow_null=True)

    class Meta:
        model = Invitation
        fields = ["id", "email", "role", "invited_by", "created_at", "expires_at"]
        read_only_fields = ["expires_at"]


class InviteSerializer(serializers.Serializer[Any]):
    """Whom to invite as what."""

    email = serializers.EmailField(max_length=254)
    role = serializers.ChoiceField(choices=Role.choices, default=Role.VIEWER)


class AcceptSerializer(serializers.Serializer[Any]):
    """The token of the mail; and, of who has no account yet, what to make one from."""

    token = serializers.CharField(max_length=64)
    username = UsernameField(required=False)
    password = PasswordField(required=False)


class JoinedSerializer(serializers.ModelSerializer[Membership]):
    """Where one belongs now."""

    organization = serializers.PrimaryKeyRelatedField[Any](read_only=True)
    name = serializers.CharField(source="organization.name")

    class Meta:
        model = Membership
        fields = ["organization", "name", "role"]
        read_only_fields = ["role"]


class InvitationViewSet(OfOrganization, ListModelMixin, GenericViewSet[Invitation]):
    """Invitations to one organisation, for those who manage its people."""

    queryset = Invitation.objects.none()  # tells OpenAPI the model; get_queryset() answers
    serializer_class = InvitationSerializer

    def get_queryset(self) -> QuerySet[Invitation]:
        """Those that may still be accepted."""
        organization = self.organization()
        demand_right_over(organization, actor=self.actor)
        return organization.invitations.open().select_related("invited_by", "organization")

    @extend_schema(
        request=InviteSerializer,
        responses={201: InvitationSerializer, **problems(HTTPStatus.CONFLICT)},
    )
    def create(self, request: Request, organization_id: str) -> Response:
        """Invite somebody by e-mail. The same address again gets a new link, the old one ends."""
        serializer = InviteSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        sent = serializer.validated_data
        row = invitations.invite(
            self.organization(), email=sent["email"], role=Role(sent["role"]), actor=self.actor
        )
        return Response(InvitationSerializer(row).data, status=HTTPStatus.CREATED)

    @extend_schema(responses={204: None, **problems(HTTPStatus.CONFLICT)})
    def destroy(self, request: Request, organization_id: str, pk: str) -> Response:
        """Take an invitation back."""
        invitations.withdraw(self.get_object(), actor=self.actor)
        return Response(status=HTTPStatus.NO_CONTENT)


class AcceptView(SignInView):
    """The link of the mail."""

    authentication_classes = [SessionAuthentication]
    permission_classes = [AllowAny]

    @extend_schema(
        request=AcceptSerializer, responses={201: JoinedSerializer, **problems(HTTPStatus.CONFLICT)}
    )
    def post(self, request: Request) -> Response:
        """Join: as who is signed in, else with a new account made of user name and password."""
        serializer = AcceptSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        sent = serializer.validated_data
        if request.user.is_authenticated:
            membership = invitations.accept(sent["token"], user=request.user)
        else:
            if missing := {"username", "password"} - set(sent):
                raise serializers.ValidationError(
                    dict.fromkeys(
                        sorted(missing), serializers.Field.default_error_messages["required"]
                    ),
                    code="required",
                )
            with password_refused_at("password"):
                membership = invitations.accept_as_new(**sent)
        return Response(JoinedSerializer(membership).data, status=HTTPStatus.CREATED)
