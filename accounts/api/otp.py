"""Setting up a second factor, using it up, giving it up; and taking away one that was lost."""

from http import HTTPStatus
from typing import Any, cast
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import ApiSession, Organization, User
from accounts.otp import codes, enrolment, recovery, standing
from vertexar.api.schema import problems

CODE_MAX = 32
PASSWORD_MAX = 1000


class StandingSerializer(serializers.Serializer[standing.Standing]):
    """How it is with one's second factor."""

    method = serializers.ChoiceField(
        choices=["", standing.TOTP, standing.EMAIL],
        help_text="Where codes come from; empty without a second factor.",
    )
    is_required = serializers.BooleanField(help_text="Without it nothing else opens.")
    backup_codes_left = serializers.IntegerField()


class PasswordSerializer(serializers.Serializer[Any]):
    """Who is signed in shows once more who they are."""

    password = serializers.CharField(
        max_length=PASSWORD_MAX,
        trim_whitespace=False,
        write_only=True,
        required=False,
        default="",
        help_text="Needed from everybody who has one.",
    )


class CodeSerializer(serializers.Serializer[Any]):
    """A code of the app or the mail."""

    code = serializers.CharField(max_length=CODE_MAX, write_only=True)


class PasswordOrCodeSerializer(PasswordSerializer):
    """A password or a code; a code counts if both come."""

    code = serializers.CharField(
        max_length=CODE_MAX, write_only=True, required=False, allow_blank=True, default=""
    )


class PasswordAndCodeSerializer(PasswordSerializer, CodeSerializer):
    """A password and a code, or a backup code."""


class EnrolmentSerializer(serializers.Serializer[enrolment.Enrolment]):
    """What an authenticator app must know."""

    secret = serializers.CharField(help_text="Base32, to be typed where nothing can be scanned.")
    otpauth_url = serializers.CharField(source="url")
    qr = serializers.CharField(help_text="The URL as a QR code, an SVG picture as a data: URL.")


class BackupCodesSerializer(serializers.Serializer[Any]):
    """Shown this once. Each is good for one signing in."""

    backup_codes = serializers.ListField(child=serializers.CharField())


class SecondFactorView(APIView):
    """Open to who is signed in, also before a second factor that is required is set up."""

    open_before_enrolment = True

    def read(self, kind: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        """Read what was sent."""
        serializer = kind(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        return cast("dict[str, Any]", serializer.validated_data)

    def check_password(self, password: str) -> None:
        """Ask once more who it is; a stolen token must not be enough to change this."""
        codes.check_password(self.request._request, self.user, password)

    @property
    def user(self) -> User:
        """Who asks."""
        return cast("User", self.request.user)

    @property
    def session(self) -> ApiSession | None:
        """By which session."""
        return self.request.auth if isinstance(self.request.auth, ApiSession) else None

    def show(self, backup_codes: list[str]) -> Response:
        """Show new backup codes, and let nothing on the way keep them."""
        return self.secret(BackupCodesSerializer({"backup_codes": backup_codes}).data)

    def secret(self, data: Any) -> Response:
        """Answer with something that nothing on the way may keep."""
        return Response(data, headers={"Cache-Control": "no-store"})


class StateView(SecondFactorView):
    """The second factor of who asks."""

    @extend_schema(responses=StandingSerializer)
    def get(self, request: Request) -> Response:
        """Tell how it is with the second factor."""
        return Response(StandingSerializer(standing.standing(self.user)).data)


class TotpView(SecondFactorView):
    """An authenticator app."""

    @extend_schema(
        request=PasswordSerializer,
        responses={200: EnrolmentSerializer, **problems(HTTPStatus.CONFLICT)},
    )
    def post(self, request: Request) -> Response:
        """Begin to set up an app. It is asked for nothing until it is confirmed."""
        self.check_password(self.read(PasswordSerializer)["password"])
        return self.secret(EnrolmentSerializer(enrolment.begin_totp(self.user)).data)

    @extend_schema(
        request=PasswordAndCodeSerializer,
        responses={204: None, **problems(HTTPStatus.CONFLICT)},
        description="Takes a body of `{password, code}`, as JSON.",
    )
    def delete(self, request: Request) -> Response:
        """Give up the second factor, of whichever kind, with its backup codes."""
        sent = self.read(PasswordAndCodeSerializer)
        if self.user.has_usable_password():  # else the code alone shows who it is
            self.check_password(sent["password"])
        codes.verify(self.user, sent["code"])
        enrolment.remove(self.user)
        return Response(status=HTTPStatus.NO_CONTENT)


class TotpConfirmView(SecondFactorView):
    """The app's first code."""

    @extend_schema(
        request=CodeSerializer,
        responses={200: BackupCodesSerializer, **problems(HTTPStatus.CONFLICT)},
    )
    def post(self, request: Request) -> Response:
        """Confirm the app: it is asked for from now on. Other sessions end."""
        code = self.read(CodeSerializer)["code"]
        return self.show(enrolment.confirm_totp(self.user, code, here=self.session))


class EmailView(SecondFactorView):
    """Codes by e-mail."""

    @extend_schema(
        request=PasswordSerializer, responses={202: None, **problems(HTTPStatus.CONFLICT)}
    )
    def post(self, request: Request) -> Response:
        """Send a first code to one's address, where codes may come by e-mail."""
        self.check_password(self.read(PasswordSerializer)["password"])
        enrolment.begin_email(self.user)
        return Response(status=HTTPStatus.ACCEPTED)


class EmailConfirmView(SecondFactorView):
    """The first code that came by e-mail."""

    @extend_schema(
        request=CodeSerializer,
        responses={200: BackupCodesSerializer, **problems(HTTPStatus.CONFLICT)},
    )
    def post(self, request: Request) -> Response:
        """Confirm the address: it is sent codes from now on. Other sessions end."""
        code = self.read(CodeSerializer)["code"]
        return self.show(enrolment.confirm_email(self.user, code, here=self.session))


class BackupCodesView(SecondFactorView):
    """Codes for when the app is not at hand."""

    @extend_schema(
        request=PasswordOrCodeSerializer,
        responses={200: BackupCodesSerializer, **problems(HTTPStatus.CONFLICT)},
    )
    def post(self, request: Request) -> Response:
        """Replace the backup codes. Needs the password or a code."""
        sent = self.read(PasswordOrCodeSerializer)
        if sent["code"] or not self.user.has_usable_password():
            codes.verify(self.user, sent["code"])
        else:
            self.check_password(sent["password"])
        return self.show(enrolment.renew_backup_codes(self.user))


class MemberView(APIView):
    """The second factor of somebody whom one manages."""

    @extend_schema(responses={204: None, **problems(HTTPStatus.CONFLICT)})
    def delete(self, request: Request, organization_id: UUID, pk: UUID) -> Response:
        """Take away the second factor that a member has lost; all their sessions end."""
        actor = cast("User", request.user)
        organization = get_object_or_404(Organization.objects.visible_to(actor), pk=organization_id)
        user = get_object_or_404(User, pk=pk, memberships__organization=organization)
        recovery.recover(user, actor=actor, organization=organization)
        return Response(status=HTTPStatus.NO_CONTENT)
