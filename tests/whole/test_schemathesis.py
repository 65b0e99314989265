"""A machine asks every operation of the OpenAPI schema all that it can think of.

No answer may be an error of ours, and each must be one that the schema announces: status, media
type, headers, body. Requests come signed in as an owner who has a content, a marker, a batch and a
preset; many ids, files and other fields that are made up are exchanged for theirs, so that not all
ends in 404. In `make test` the same requests are sent each time. To search on, with others and
more of them:

    export SCHEMATHESIS_EXAMPLES=500 SCHEMATHESIS_SEED=7
    .venv/bin/python -m pytest tests/whole/test_schemathesis.py
"""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID
from zlib import crc32

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck
from hypothesis import settings as examples
from pytest_django import Settings
from schemathesis import BaseSchema, checks
from schemathesis.config import (
    GenerationConfig,
    ProjectConfig,
    ProjectsConfig,
    SchemathesisConfig,
)
from schemathesis.core.result import Ok
from schemathesis.pytest.lazy import get_all_tests
from schemathesis.specs.openapi import checks as openapi_checks

from accounts import invitations, sessions
from accounts.models import Role
from arcontent.models import ARContent
from backups.models import BackupRun
from config.wsgi import application
from markers.models import MarkerBatch
from tests.accounts.factories import PASSWORD, MembershipFactory
from tests.arcontent.factories import CaptionsFactory, VideoFactory
from tests.markers.factories import LookAlikeFactory, MarkerFactory, MarkerPresetFactory
from tests.whole.asked_well import ASKED_WELL, Scene
from vertexar.leases import JobStatus

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

SCHEMA: Final = Path(__file__).parents[2] / "docs" / "openapi.yaml"
EXAMPLES: Final = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "15"))
SEED: Final = os.environ.get("SCHEMATHESIS_SEED")
AS_SAID: Final = examples(deadline=None, suppress_health_check=list(HealthCheck))

# Not asked: that all the schema allows is accepted (it can't say what a picture is), nor that all
# it does not allow is refused (a number is taken for a text, as forms send them).
CHECKS: Final = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_headers_conformance,
    openapi_checks.response_schema_conformance,
    openapi_checks.missing_required_header,
    openapi_checks.unsupported_method,
    openapi_checks.ignored_auth,
]

# OpenAPI gives no body to a DELETE; its description tells of it.
WITH_A_BODY_UNTOLD: Final = "DELETE /api/v1/auth/2fa/totp"


def served(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Call the application as a server does, which says from where and closes each answer."""
    environ.setdefault("REMOTE_ADDR", "127.0.0.1")
    response = application(environ, start_response)
    try:
        return [b"".join(response)]
    finally:
        response.close()


@pytest.fixture(scope="session")
def api_schema() -> BaseSchema:
    """What is asked. Thinking of all that can be asked takes seconds: only who asks does it."""
    schema = schemathesis.openapi.from_path(
        SCHEMA,
        config=SchemathesisConfig(
            seed=int(SEED) if SEED else None,
            projects=ProjectsConfig(
                default=ProjectConfig(
                    generation=GenerationConfig(
                        deterministic=SEED is None, max_examples=EXAMPLES, database="none"
                    )
                )
            ),
        ),
    )
    schema.app = served
    return schema


@dataclass(frozen=True)
class There:
    """What can be asked for, and with what."""

    token: str
    named: dict[str, UUID]  # by the names of what else stands in paths
    ids: dict[str, UUID]  # by a part of the path, the most special one first
    fields: dict[str, Any]  # by their names in a body


@pytest.fixture
def there(db: None, label: str, settings: Settings, picture: bytes, video: bytes) -> There:
    owner = MembershipFactory.create(role=Role.OWNER).user
    studio = owner.memberships.get().organization
    member = MembershipFactory.create(organization=studio).user
    batch = MarkerBatch.objects.create(organization=studio)
    marker = MarkerFactory.with_files(
        "mind", "iset", "fset", "fset3", organization=studio, batch=batch
    )
    LookAlikeFactory.create(marker=marker, other__organization=studio)
    MarkerFactory.create(organization=studio, batch=batch, failed=True)
    content = ARContent.objects.create(organization=studio, marker=marker, title="Harbour")
    film = VideoFactory.create(content=content, ready=True)
    CaptionsFactory.create(video=film, language="ru")
    preset = MarkerPresetFactory.create(organization=studio, options={"profile": "lean"})
    invitation = invitations.invite(
        studio, email="guest@example.org", role=Role.VIEWER, actor=owner
    )
    sessions.begin_session(owner)
    other_session = owner.api_sessions.get()
    tokens = sessions.begin_session(owner)
    scene = Scene(
        owner=owner,
        studio=studio,
        session=owner.api_sessions.exclude(pk=other_session.pk).get(),
        settings=settings,
        member=member,
    )
    said = ASKED_WELL[label](scene) if label in ASKED_WELL else {}
    return There(
        token=tokens.access,
        named={"organization_id": studio.pk, "content_id": content.pk, "video_id": film.pk},
        ids={
            "/contents/": content.pk,
            "/marker-presets/": preset.pk,
            "/markers/batch/": batch.pk,
            "/markers/": marker.pk,
            "/members/": member.pk,
            "/invitations/": invitation.pk,
            "/sessions/": other_session.pk,
            "/backups/": BackupRun.objects.create(status=JobStatus.READY).pk,
        },
        fields={
            "username": owner.username,
            "password": PASSWORD,
            "otp": "",
            "current_password": PASSWORD,
            "new_password": PASSWORD[::-1],
            "refresh_token": tokens.refresh,
            "code": content.code,
            "markers": [str(marker.pk)],
            "options": {"profile": "lean"},
            "preset": preset.name,
            "image": picture,
            "images": [picture],
            "video": video,
            "file": b"WEBVTT\n\n00:00.000 --> 00:01.000\nListen.\n",
            "language": "ru",
            **said,
        },
    )


@pytest.fixture
def kept_connection() -> Iterator[None]:
    """Let requests share the transaction of the test, as Django's own client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def answered() -> Iterator[set[tuple[str, int]]]:
    """Operations and the statuses they gave; each did what it is for at least once."""
    seen: set[tuple[str, int]] = set()
    yield seen
    asked = {label for label, _status in seen}
    assert not asked - {label for label, status in seen if status < HTTPStatus.BAD_REQUEST}


def ask(
    case: schemathesis.Case[Any],
    there: There,
    answered: set[tuple[str, int]],
    kept_connection: None,
) -> None:
    """Send one request and look at its answer."""
    exchange(case, there)

    with transaction.atomic():
        response = case.call_and_validate(
            headers={"Authorization": f"Bearer {there.token}"}, checks=CHECKS
        )
        transaction.set_rollback(True)  # what was made or deleted is no matter to the next

    if case.method == case.operation.method.upper():  # others are tried too, OPTIONS among them
        answered.add((case.operation.label, response.status_code))


def exchange(case: schemathesis.Case[Any], there: There) -> None:
    """Put what is there in the place of much of what was made up."""
    known = next((pk for part, pk in there.ids.items() if part in case.path), None)
    if die(case.path_parameters) % 4:  # all of them: one that is wrong is enough for a 404
        for name, value in case.path_parameters.items():
            one = there.named.get(name, known)
            if one is not None and is_uuid(value):
                case.path_parameters[name] = str(one)
            elif name in there.fields:
                case.path_parameters[name] = there.fields[name]
    if die(case.query) % 2:
        case.query.update({name: there.fields[name] for name in case.query if name in there.fields})
    if case.operation.label == WITH_A_BODY_UNTOLD:
        case.body = {name: there.fields[name] for name in ("password", "code")}
        case.media_type = "application/json"
    elif isinstance(case.body, dict):
        # Rating a picture takes a second. Of other bodies a third has all that is there, a third
        # nothing of it, and the last third anything.
        thrown = die(case.body) % (6 if case.path.endswith("/analyze") else 3)
        chosen = {
            name: there.fields[name]
            for name, value in case.body.items()
            if name in there.fields and (thrown == 0 or (thrown == 1 and die(value) % 2))
        }
        case.body = {**case.body, **chosen}


def is_uuid(value: object) -> bool:
    try:
        return bool(UUID(str(value)))
    except ValueError:
        return False


def die(value: object) -> int:
    """Throw a die that falls the same way for the same value each time."""
    return crc32(repr(value).encode(errors="replace"))


def labels_in(text: str) -> Iterator[str]:
    """Names of the operations, read off the schema's lines, which takes no parser of seconds."""
    path = ""
    for line in text.splitlines():
        if found := re.fullmatch(r"  (/\S*):", line):
            path = found[1]
        elif found := re.fullmatch(r"    (get|post|put|patch|delete|head|options|trace):", line):
            yield f"{found[1].upper()} {path}"


LABELS: Final = list(labels_in(SCHEMA.read_text(encoding="utf-8")))


@pytest.mark.parametrize("label", LABELS)
def test_the_schema_announces_every_answer_to(
    label: str,
    api_schema: BaseSchema,
    there: There,
    answered: set[tuple[str, int]],
    kept_connection: None,
) -> None:
    (found,) = get_all_tests(
        schema=api_schema.include(name=label), test_func=ask, settings=AS_SAID, given_kwargs=None
    )
    assert isinstance(found, Ok)
    _operation, ask_all = found.ok()

    ask_all(there=there, answered=answered, kept_connection=kept_connection)


def test_no_operation_is_left_out(api_schema: BaseSchema) -> None:
    found = list(api_schema.get_all_operations())

    assert sorted(LABELS) == sorted(one.ok().label for one in found if isinstance(one, Ok))
    assert len(LABELS) == len(found)
    assert set(LABELS) >= set(ASKED_WELL)
