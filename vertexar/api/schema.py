"""What OpenAPI says of every operation: how it refuses, and in which shape.

The views declare what they answer when all goes well, and with `problems` what only they refuse.
What all of a kind may refuse is added here, so that a client meets no status that the schema
keeps quiet.
"""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry, ResolvedComponent
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import MultiPartParser

from vertexar.api.problems import CONTENT_TYPE

# Python's own phrases change from version to version, the committed schema must not.
WORDS: Final = {
    HTTPStatus.BAD_REQUEST: ("BadRequest", "What was sent can't be used."),
    HTTPStatus.UNAUTHORIZED: ("Unauthorized", "Nobody is signed in, or not any more."),
    HTTPStatus.FORBIDDEN: ("Forbidden", "Whoever is signed in may not do that."),
    HTTPStatus.NOT_FOUND: ("NotFound", "There is no such thing, or none that may be seen."),
    HTTPStatus.NOT_ACCEPTABLE: ("NotAcceptable", "Answers are JSON, which is not accepted."),
    HTTPStatus.CONFLICT: ("Conflict", "It does not go with what is there."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("TooLarge", "The request is too large."),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: ("UnsupportedMediaType", "The body is of another kind."),
    HTTPStatus.TOO_MANY_REQUESTS: ("TooManyRequests", "It is asked too often; ask again later."),
    HTTPStatus.SERVICE_UNAVAILABLE: ("Unavailable", "It can't be done now; ask again later."),
    HTTPStatus.INSUFFICIENT_STORAGE: ("NoRoom", "There is no room left; nothing was kept."),
}
COMES_LATER: Final = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}


class FieldProblemSerializer(serializers.Serializer[Any]):
    """What is wrong with one field."""

    pointer = serializers.CharField(help_text="Which one: an RFC 6901 pointer.")
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    """Why a request was refused (RFC 9457)."""

    type = serializers.CharField(
        help_text="`urn:vertexar:problem:<code>`, the only thing to branch on."
    )
    title = serializers.CharField(help_text="The status in words.")
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="What is the case, in the reader's language.")
    instance = serializers.CharField(help_text="The request's id, to be reported.")
    hint = serializers.CharField(required=False, help_text="What to do about it.")
    errors = FieldProblemSerializer(many=True, required=False)  # type: ignore[assignment]


def problems(*statuses: HTTPStatus) -> dict[int, OpenApiResponse]:
    """Declare refusals of one view, to be put among the `responses` of `extend_schema`."""
    return {status.value: OpenApiResponse(ProblemSerializer) for status in statuses}


class ProblemSchema(AutoSchema):
    """Describes an operation with all that it may refuse."""

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: ComponentRegistry
    ) -> dict[str, Any] | None:
        """Describe one; None if it is not to be known."""
        operation: dict[str, Any] | None = super().get_operation(
            path, path_regex, path_prefix, method, registry
        )
        if operation is not None:
            declared = operation["responses"]
            refusals = {str(status.value): status for status in self._refusals(operation)}
            refusals |= {str(s.value): s for s in WORDS if str(s.value) in declared}
            answers = declared | {code: self._refusal(s) for code, s in refusals.items()}
            operation["responses"] = dict(sorted(answers.items()))
        return operation

    def _refusals(self, operation: dict[str, Any]) -> Iterator[HTTPStatus]:
        """What every operation of this kind may refuse with."""
        yield HTTPStatus.BAD_REQUEST
        yield HTTPStatus.TOO_MANY_REQUESTS
        if self.view.authentication_classes or "auth" in operation["tags"]:
            yield HTTPStatus.UNAUTHORIZED
            yield HTTPStatus.FORBIDDEN
        places = [(place["in"], place["name"]) for place in operation.get("parameters", [])]
        if ("query", "page") in places or any(kind == "path" for kind, _name in places):
            yield HTTPStatus.NOT_FOUND
        if self.view.content_negotiation_class is DefaultContentNegotiation:
            yield HTTPStatus.NOT_ACCEPTABLE
        if "requestBody" in operation:
            yield HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            yield HTTPStatus.UNSUPPORTED_MEDIA_TYPE
            if MultiPartParser in self.view.parser_classes:
                yield HTTPStatus.INSUFFICIENT_STORAGE

    def _refusal(self, status: HTTPStatus) -> dict[str, str]:
        """Refer to the refusal with this status, described once for all operations."""
        name, words = WORDS[status]
        problem = self.resolve_serializer(ProblemSerializer, "response")
        response: dict[str, Any] = {
            "description": words,
            "content": {CONTENT_TYPE: {"schema": problem.ref}},
        }
        if status in COMES_LATER:
            response["headers"] = {
                "Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}
            }
        component = ResolvedComponent(  # type: ignore[no-untyped-call]
            name=name, type=ResolvedComponent.RESPONSE, schema=response, object=ProblemSerializer
        )
        self.registry.register_on_missing(component)
        reference: dict[str, str] = component.ref
        return reference
