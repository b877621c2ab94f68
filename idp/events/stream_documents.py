"""A stream's configuration as JSON (OpenID Shared Signals Framework 1.0, 8.1.1): read strictly, and told.

What the transmitter says of a stream the receiver may send along, but not change; members that are not known are ignored. The Authorization
header that it wants to be shown is never told again. Left to others: doing what is asked (``streams``), which address may be sent to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from idp import endpoints
from idp.events.errors import EVENT_FORM, STREAM_FORM
from idp.owed_events import SUPPORTED, delivered
from idp.ports import IdpDeps
from idp.records import POLLED, Client, EventStream
from kernel.errors import Refusal
from pki.strict_json import parse_object

PUSH, POLL = "urn:ietf:rfc:8935", POLLED
MIN_VERIFICATION_INTERVAL = 30
"""Seconds."""
_MAX_EVENTS, _MAX_TEXT = 50, 500


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where events go (``POLLED``: nowhere), and what is shown there as the Authorization header."""

    endpoint_url: str
    authorization: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a receiver says of its stream; None: it does not say."""

    delivery: Delivery | None
    requested: tuple[str, ...] | None
    description: str | None


def parse(body: bytes) -> dict[str, Any]:
    """Return the members of a request; ``Refusal(stream_form)``."""
    try:
        return parse_object(body, EVENT_FORM)
    except Refusal:
        raise wrong(name="(body)", zh="不是 JSON 对象", en="no JSON object") from None


def tell(deps: IdpDeps, client: Client, stream: EventStream) -> dict[str, Any]:
    """Return a stream's configuration."""
    told: dict[str, Any] = {
        **_ours(deps, client, stream),
        "events_requested": list(SUPPORTED if stream.requested is None else stream.requested),
        "delivery": _delivery(deps, client),
    }
    return told if stream.description is None else told | {"description": stream.description}


def read(deps: IdpDeps, document: Mapping[str, Any], client: Client, stream: EventStream) -> Wish:
    """Return what a receiver asks for; ``Refusal(stream_form)`` naming the member that cannot be had."""
    for name, value in _ours(deps, client, stream).items():
        if name not in {"events_delivered", "stream_id"} and document.get(name, value) != value:
            raise wrong(name=name, zh="不由系统填写", en="not the receiver's to say")
    events = document.get("events_requested")
    if events is not None:
        good = isinstance(events, list) and len(events) <= _MAX_EVENTS
        if not good or not all(is_text(one) and one.isascii() for one in events):
            raise wrong(name="events_requested", zh="须为事件网址的数组", en="no array of event types")
    return Wish(
        _read_delivery(deps, document.get("delivery")),
        None if events is None else tuple(dict.fromkeys(events)),
        read_text(document, "description"),
    )


def metadata(deps: IdpDeps) -> dict[str, Any]:
    """Return what is said of this node as a transmitter (7.1)."""
    return {
        "spec_version": "1_0",
        "issuer": deps.issuer,
        "jwks_uri": endpoints.url(deps, endpoints.JWKS),
        "delivery_methods_supported": [PUSH, POLL],
        "configuration_endpoint": endpoints.url(deps, endpoints.EVENT_STREAM),
        "status_endpoint": endpoints.url(deps, endpoints.EVENT_STREAM_STATUS),
        "add_subject_endpoint": endpoints.url(deps, endpoints.EVENT_STREAM_ADD),
        "remove_subject_endpoint": endpoints.url(deps, endpoints.EVENT_STREAM_REMOVE),
        "verification_endpoint": endpoints.url(deps, endpoints.EVENT_STREAM_VERIFY),
        "authorization_schemes": [{"spec_urn": "urn:ietf:rfc:6749"}],
        "default_subjects": "ALL",
    }


def read_text(document: Mapping[str, Any], name: str) -> str | None:
    """Return a short text, or None where it is not said."""
    value = document.get(name)
    if value is not None and not is_text(value):
        raise wrong(name=name, zh="须为不空的短文本", en="no short text")
    return value


def is_text(value: object) -> TypeGuard[str]:
    """Tell whether this is a text of a line that can be stored."""
    return isinstance(value, str) and 1 <= len(value) <= _MAX_TEXT and value.isprintable()


def wrong(*, name: str, zh: str, en: str) -> Refusal:
    """Return the refusal of one member."""
    return Refusal(STREAM_FORM, field=name, name=name, problem_zh=zh, problem_en=en)


def _ours(deps: IdpDeps, client: Client, stream: EventStream) -> dict[str, Any]:
    return {
        "stream_id": client.client_id,
        "iss": deps.issuer,
        "aud": client.client_id,
        "events_supported": list(SUPPORTED),
        "events_delivered": list(delivered(stream)),
        "min_verification_interval": MIN_VERIFICATION_INTERVAL,
    }


def _delivery(deps: IdpDeps, client: Client) -> dict[str, Any]:
    if client.events_uri == POLLED:  # 6.1.2: the transmitter says where
        return {"method": POLL, "endpoint_url": endpoints.url(deps, endpoints.EVENT_STREAM_POLL)}
    return {"method": PUSH, "endpoint_url": client.events_uri}


def _read_delivery(deps: IdpDeps, delivery: object) -> Delivery | None:
    if delivery is None:
        return None
    if not isinstance(delivery, dict) or delivery.get("method") not in (PUSH, POLL):
        raise wrong(name="delivery.method", zh=f"只能是 {PUSH} 或 {POLL}", en=f"to be {PUSH} or {POLL}, nothing else")
    address, shown = delivery.get("endpoint_url"), delivery.get("authorization_header")
    if delivery["method"] == POLL:
        ours = endpoints.url(deps, endpoints.EVENT_STREAM_POLL)
        if address not in (None, ours):
            raise wrong(name="delivery.endpoint_url", zh="由本节点给出", en="this node's to say")
        if shown is not None:
            raise wrong(name="delivery.authorization_header", zh="只用于推送", en="shown only where events are pushed")
        return Delivery(POLLED)
    if shown is not None and not (is_text(shown) and shown.isascii() and shown == shown.strip()):
        raise wrong(name="delivery.authorization_header", zh="不是请求头的值", en="no value of a header")
    if not is_text(address):
        raise wrong(name="delivery.endpoint_url", zh="须为网址", en="no address")
    return Delivery(address, shown)
