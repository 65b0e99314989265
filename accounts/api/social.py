"""Signing in with an account elsewhere, for clients of the API: authorization code with PKCE."""

from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import lockout
from accounts.api.serializers import TokensSerializer
from accounts.api.views import SignInView
from accounts.social import codes, exchange, providers
from accounts.social.exchange import Client, Errand, NotReturned
from vertexar.api.schema import problems

NO_STORE = {"Cache-Control": "no-store"}


class StartSerializer(serializers.Serializer[Any]):
    """What a client sends the browser out with."""

    redirect_uri = serializers.CharField(
        max_length=2000,
        trim_whitespace=False,
        help_text="Where to come back to: one of SOCIAL_REDIRECT_URIS, or http://127.0.0.1:port/…",
    )
    code_challenge = serializers.RegexField(
        r"\A[A-Za-z0-9_-]{43}\Z",  # 32 bytes in base64url
        trim_whitespace=False,
        help_text="The SHA-256 of the verifier, in base64url without padding.",
    )
    code_challenge_method = serializers.ChoiceField(choices=["S256"])
    state = serializers.CharField(
        max_length=500,
        trim_whitespace=False,
        help_text="Comes back as it is: the client must find that it is its own.",
    )


class SocialTokenSerializer(serializers.Serializer[Any]):
    """What the browser brought back, with the verifier that never left the client."""

    code = serializers.CharField(max_length=128, write_only=True)
    code_verifier = serializers.RegexField(
        r"\A[A-Za-z0-9._~-]{43,128}\Z",  # RFC 7636, 4.1
        trim_whitespace=False,
        write_only=True,
    )
    otp = serializers.CharField(
        max_length=32,
        required=False,
        allow_blank=True,
        default="",
        write_only=True,
        help_text="Of the second factor, where there is one: the same as at the login.",
    )


class StartView(SignInView):
    """The way out: a client opens this in the person's browser."""

    @extend_schema(parameters=[StartSerializer], responses={302: None})
    def get(self, request: Request, provider_id: str) -> HttpResponseBase:
        """Go to the provider. The browser comes back to `redirect_uri` with `code` and `state`.

        Or with `error` and `state`, and in `error_description` one of our codes.
        """
        app = providers.found(provider_id)
        serializer = StartSerializer(data=request.query_params)
        serializer.is_valid(raise_exception=True)
        sent = serializer.validated_data
        codes.demand_allowed(sent["redirect_uri"])
        client = Client(
            redirect_uri=sent["redirect_uri"],
            state=sent["state"],
            challenge=sent["code_challenge"],
        )
        errand = Errand(to="", client=client)
        try:
            url = exchange.leave(request._request, app, errand)
        except NotReturned as error:
            return codes.refuse(client, error)
        return HttpResponseRedirect(url, headers=NO_STORE)


class TokenView(SignInView):
    """The way in."""

    @extend_schema(
        request=SocialTokenSerializer,
        responses={200: TokensSerializer, **problems(HTTPStatus.NOT_FOUND)},
    )
    @lockout.judging()
    def post(self, request: Request) -> Response:
        """Take the code for a pair of tokens, within a minute and once.

        Where a second factor is due, the answer is the problem `otp_required`; the same code with
        `otp` is good for five minutes then.
        """
        if not providers.configured():
            raise Http404
        serializer = SocialTokenSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        sent = serializer.validated_data
        pair = codes.sign_in(
            request._request, code=sent["code"], verifier=sent["code_verifier"], otp=sent["otp"]
        )
        return Response(TokensSerializer(pair).data, headers=NO_STORE)
