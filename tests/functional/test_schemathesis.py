"""Schemathesis over the departments' API, as the node describes it, and over the protocol's endpoints: no answer that is not described."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from requests import PreparedRequest
from requests.auth import HTTPBasicAuth
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.generation.case import Case
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from idp import endpoints
from tests.support import registering
from tests.support.good_requests import AUTHORIZATION, MACHINE
from tests.support.lone_node import LoneNode
from tests.support.request_rows import Row

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
_EXAMPLES = settings(
    max_examples=6,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)
"""So many of each operation and each kind, the same every time."""

_TEXT = {"type": "string"}
_ERROR = {
    "type": "object",
    "required": ["error", "error_description", "code", "message"],
    "properties": {"error": {"type": "string", "pattern": "^[a-z_]+$"}, "error_description": _TEXT, "code": _TEXT},
}


def described(node: LoneNode) -> BaseSchema:
    """The protocol's endpoints as an OpenAPI description, from the table of good requests."""
    by_place: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in (*AUTHORIZATION, *MACHINE, Row("logout", "GET", endpoints.LOGOUT), Row("logout", "POST", endpoints.LOGOUT)):
        by_place[row.path, row.method].append(row)
    paths: dict[str, Any] = defaultdict(dict)
    for (path, method), rows in by_place.items():
        paths[path][method.lower()] = _operation(path, method, rows)
    return schemathesis.openapi.from_dict(
        {"openapi": "3.1.0", "info": {"title": "OP", "version": "1"}, "servers": [{"url": node.url}], "paths": dict(paths)}
    )


def _operation(path: str, method: str, rows: list[Row]) -> dict[str, Any]:
    properties = {name: _values(rows, name) for row in rows for name in row.parameters}
    if path == endpoints.LOGOUT:
        properties = dict.fromkeys(("id_token_hint", "client_id", "post_logout_redirect_uri", "state"), _TEXT)
    operation: dict[str, Any] = {"responses": _answers(path, rows)}
    if method == "GET":
        operation["parameters"] = [{"in": "query", "name": name, "schema": schema} for name, schema in properties.items()]
    else:
        needed = [name for row in rows if row.as_json for name, each in row.parameters.items() if each.missing]
        schema = {"type": "object", "properties": properties, "required": needed}
        operation["requestBody"] = {"content": {JSON if any(row.as_json for row in rows) else FORM: {"schema": schema}}}
    return operation


def _values(rows: list[Row], name: str) -> dict[str, Any]:
    """A parameter's good values, where they are the same every time, or anything."""
    found = [(row, row.parameters[name].good) for row in rows if name in row.parameters]
    known = [json.loads(good) if row.as_json else good for row, good in found if isinstance(good, str)]
    if any(row.as_json for row, _ in found):  # a document is taken whole or not at all
        return {"enum": known}
    return {"anyOf": [{"enum": known}, _TEXT]} if known else _TEXT


def _answers(path: str, rows: list[Row]) -> dict[str, Any]:
    if path in {endpoints.AUTHORIZE, endpoints.LOGOUT}:
        page: dict[str, Any] = {"text/html": {"schema": {}}}
        return {
            str(status): {"description": "a page of ours, or back to the client", "content": page} for status in (200, 303, 400)
        }
    answers: dict[str, Any] = {
        str(row.status): {"description": "good", "content": {"application/json": {"schema": {}}}} for row in rows
    }
    refused = {"description": "an OAuth error", "content": {"application/json": {"schema": _ERROR}}}
    return {"400": refused, "401": refused, **answers}


def walk(description: BaseSchema, node: LoneNode, *, auth: Callable[[PreparedRequest], PreparedRequest] | None = None) -> int:
    """Call every operation of a description with what it allows and what it does not; return how many calls that were."""
    calls = 0

    def call(case: Case[Any]) -> None:
        nonlocal calls
        calls += 1
        session.auth = auth if calls % 2 else None
        case.validate_response(case.call(node.url, session, timeout=30, allow_redirects=False), checks=CHECKS)

    with requests.Session() as session:
        for found in description.get_all_operations():
            assert isinstance(found, Ok)
            for mode in GenerationMode:
                if mode is GenerationMode.POSITIVE or found.ok().body:
                    _EXAMPLES(given(case=found.ok().as_strategy(generation_mode=mode))(call))()
    return calls


def test_the_departments_api_answers_as_it_describes(node: LoneNode) -> None:
    assert walk(schemathesis.openapi.from_url(f"{node.url}/api/v1/openapi.json"), node) > 20


def test_the_protocols_endpoints_answer_strangers_and_clients_as_they_should(node: LoneNode) -> None:
    secret = HTTPBasicAuth("scjg", node.add_client("scjg")["client_secret"])
    invitation = registering.invite(node.services.idp, uses=100)
    registered = 0

    def authenticate(request: PreparedRequest) -> PreparedRequest:
        if request.url is None or not request.url.startswith(node.url + endpoints.REGISTER):
            return secret(request)
        request.headers["Authorization"] = f"Bearer {invitation}"
        request.register_hook("response", count)
        return request

    def count(response: requests.Response, **_options: object) -> None:
        nonlocal registered
        registered += response.status_code == requests.codes.created

    assert walk(described(node), node, auth=authenticate) > 100
    assert registered > 0, "nothing that is good was among what was sent"
