"""`make schema-diff` tells what breaks clients of the API from what does not."""

import copy
from typing import Any

import pytest

from tests.schema_changes import Change, changes

API: dict[str, Any] = {
    "paths": {
        "/things": {
            "get": {
                "parameters": [{"name": "search", "in": "query"}],
                "responses": {"200": {}, "401": {}},
            },
            "post": {"responses": {"201": {}}},
        },
    },
    "components": {
        "schemas": {
            "Thing": {"properties": {"id": {"type": "string"}, "size": {"type": "integer"}}},
            "ThingRequest": {"properties": {"size": {"type": "integer"}}},
            "Status": {"enum": ["ready", "failed"]},
        }
    },
}
GET, THING = API["paths"]["/things"]["get"], "Thing"


def changed(**what: Any) -> dict[str, Any]:
    """Copy the API with one value replaced: names of its keys, joined by `__`; None removes it."""
    api = copy.deepcopy(API)
    ((path, value),) = what.items()
    *way, last = path.split("__")
    part: Any = api
    for key in way:
        part = part[f"/{key}" if key == "things" else key]
    if value is None:
        del part[last]
    else:
        part[last] = value
    return api


def test_an_api_that_stays_has_no_changes() -> None:
    assert changes(API, copy.deepcopy(API)) == []


@pytest.mark.parametrize(
    ("new", "change"),
    [
        (changed(paths__things__post=None), Change("POST /things", "is gone", breaks=True)),
        (
            changed(paths__things__get__parameters=[]),
            Change("GET /things", "takes query parameter search no more", breaks=True),
        ),
        (
            changed(
                paths__things__get__parameters=[
                    *GET["parameters"], {"name": "page", "in": "query", "required": True},
                ]
            ),
            Change("GET /things", "demands query parameter page", breaks=True),
        ),
        (
            changed(paths__things__get__responses={"200": {}}),
            Change("GET /things", "answers 401 no more", breaks=False),
        ),
        (
            changed(components__schemas__Thing__properties={"id": {"type": "string"}}),
            Change(THING, "has no size any more", breaks=True),
        ),
        (
            changed(components__schemas__Thing__properties__size={"type": "string"}),
            Change(THING, "has size as string", breaks=True),
        ),
        (
            changed(components__schemas__Thing__properties__name={"type": "string"}),
            Change(THING, "has name", breaks=False),
        ),
        (
            changed(components__schemas__ThingRequest__required=["size"]),
            Change("ThingRequest", "demands size", breaks=True),
        ),
        (
            changed(components__schemas__Thing__required=["size"]),
            None,
        ),
        (
            changed(components__schemas__Status__enum=["ready"]),
            Change("Status", "knows failed no more", breaks=True),
        ),
    ],
)  # fmt: skip
def test_each_change_is_told_and_judged(new: dict[str, Any], change: Change | None) -> None:
    assert changes(API, new) == ([change] if change else [])
