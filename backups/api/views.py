"""Backups over the API, for operators."""

from http import HTTPStatus
from typing import cast

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ReadOnlyModelViewSet

from accounts.models import User
from backups import services
from backups.api.serializers import BackupRunSerializer, RunFilterSerializer
from backups.models import BackupRun
from vertexar.api.schema import problems
from vertexar.errors import NotThere

HIDDEN = problems(HTTPStatus.NOT_FOUND)


class IsOperator(BasePermission):
    """Backups hold what is everybody's: to all but superusers they are not there."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Hide, rather than refuse.

        Raises:
            NotThere: from all others.
        """
        if not cast("User", request.user).is_superuser:
            raise NotThere(_("There is nothing here."))
        return True


class BackupViewSet(ReadOnlyModelViewSet[BackupRun]):
    """What was backed up, and whether it restores."""

    queryset = BackupRun.objects.none()  # tells OpenAPI the model; get_queryset() answers
    serializer_class = BackupRunSerializer
    permission_classes = [IsAuthenticated, IsOperator]

    def get_queryset(self) -> QuerySet[BackupRun]:
        """Keep those of the status that is asked for, in a list."""
        rows = BackupRun.objects.all()
        if self.action != "list":
            return rows
        wanted = RunFilterSerializer(data=self.request.query_params)
        wanted.is_valid(raise_exception=True)
        return rows.filter(**wanted.validated_data)

    @extend_schema(
        parameters=[RunFilterSerializer],
        responses={200: BackupRunSerializer(many=True), **problems(HTTPStatus.BAD_REQUEST)},
    )
    def list(self, request: Request) -> Response:
        """List the backups, newest first."""
        return super().list(request)

    @extend_schema(
        request=None,
        responses={202: BackupRunSerializer, **HIDDEN, **problems(HTTPStatus.CONFLICT)},
    )
    def create(self, request: Request) -> Response:
        """Have one made now; the work goes on after the answer."""
        return self._taken_up(services.request_run(actor=cast("User", request.user)))

    @extend_schema(
        request=None, responses={202: BackupRunSerializer, **problems(HTTPStatus.CONFLICT)}
    )
    @action(detail=True, methods=["post"])
    def verify(self, request: Request, pk: str) -> Response:
        """Have a worker look whether it is still what was made: see `verified_at` later."""
        run = self.get_object()
        services.request_verification(run=run, actor=cast("User", request.user))
        return self._taken_up(run)

    @extend_schema(
        request=None, responses={202: BackupRunSerializer, **problems(HTTPStatus.CONFLICT)}
    )
    @action(detail=True, methods=["post"])
    def drill(self, request: Request, pk: str) -> Response:
        """Have the drill worker restore it to try it out: see `restore_tested_at` later."""
        run = self.get_object()
        services.request_drill(run=run, actor=cast("User", request.user))
        return self._taken_up(run)

    def _taken_up(self, run: BackupRun) -> Response:
        return Response(self.get_serializer(run).data, status=HTTPStatus.ACCEPTED)
