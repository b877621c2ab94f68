"""Where departments set up the stream of account events that they get (OpenID SSF 1.0, 7 and 8.1), and fetch them (RFC 8936). Machine endpoints: no cookies, no pages."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, jsonify, request

from idp import endpoints
from idp.events import polling, stream_documents, streams
from idp.ports import IdpDeps
from idp.records import Client
from idp.views.systems import Systems

_MAX_BODY = 64 * 1024
_CREATED, _NO_CONTENT = 201, 204


def add(blueprint: Blueprint, deps: IdpDeps) -> None:
    """Add the endpoints."""
    systems = Systems(deps)

    def system() -> Client:
        return systems.verify(streams.SCOPE)

    @blueprint.get(endpoints.EVENT_TRANSMITTER)
    def event_transmitter() -> Response:
        return jsonify(stream_documents.metadata(deps))

    _add_configuration(blueprint, deps, system)
    _add_use(blueprint, deps, system)


def _add_configuration(blueprint: Blueprint, deps: IdpDeps, system: Callable[[], Client]) -> None:
    @blueprint.post(endpoints.EVENT_STREAM)
    def create_event_stream() -> Response:
        return _answer(streams.create(deps, system(), _body()), _CREATED)

    @blueprint.get(endpoints.EVENT_STREAM)
    def read_event_stream() -> Response:
        return _answer(streams.read(deps, system(), request.args.get("stream_id")))

    @blueprint.patch(endpoints.EVENT_STREAM)
    def update_event_stream() -> Response:
        return _answer(streams.update(deps, system(), _body(), whole=False))

    @blueprint.put(endpoints.EVENT_STREAM)
    def replace_event_stream() -> Response:
        return _answer(streams.update(deps, system(), _body(), whole=True))

    @blueprint.delete(endpoints.EVENT_STREAM)
    def delete_event_stream() -> Response:
        streams.delete(deps, system(), request.args.get("stream_id"))
        return Response(status=_NO_CONTENT)


def _add_use(blueprint: Blueprint, deps: IdpDeps, system: Callable[[], Client]) -> None:
    @blueprint.get(endpoints.EVENT_STREAM_STATUS)
    def event_stream_status() -> Response:
        return _answer(streams.status(deps, system(), request.args.get("stream_id")))

    @blueprint.post(endpoints.EVENT_STREAM_STATUS)
    def change_event_stream_status() -> Response:
        return _answer(streams.change_status(deps, system(), _body()))

    @blueprint.post(endpoints.EVENT_STREAM_ADD)
    def add_event_subject() -> Response:
        streams.change_subject(deps, system(), _body(), wanted=True)
        return Response(status=200)

    @blueprint.post(endpoints.EVENT_STREAM_REMOVE)
    def remove_event_subject() -> Response:
        streams.change_subject(deps, system(), _body(), wanted=False)
        return Response(status=_NO_CONTENT)

    @blueprint.post(endpoints.EVENT_STREAM_POLL)
    def poll_event_stream() -> Response:
        return _answer(polling.poll(deps, system(), _body()))

    @blueprint.post(endpoints.EVENT_STREAM_VERIFY)
    def verify_event_stream() -> Response:
        streams.verify(deps, system(), _body())
        return Response(status=_NO_CONTENT)


def _body() -> bytes:
    # Of another type, or too long to be a configuration, is nothing that could be one.
    body = request.stream.read(_MAX_BODY + 1) if request.mimetype == "application/json" else b""
    return body if len(body) <= _MAX_BODY else b""


def _answer(document: object, status: int = 200) -> Response:
    answer = jsonify(document)
    answer.status_code = status
    answer.headers["Cache-Control"] = "no-store"
    return answer
