"""What departments' systems send to the licence interfaces, made sense of: JSON bodies into orders, acts into JSON.

Left to others: HTTP (``views``), doing it (``acts``), the description (``openapi``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard, cast, get_args

from kernel.canonical import Json
from kernel.clock import rfc3339
from kernel.errors import Refusal
from licenses.act_records import Act
from licenses.errors.life import API_BODY, API_KEY
from licenses.life.orders import Officer, Order
from licenses.ports import LicenseDeps
from licenses.registry_records import StatusCode, Wanted
from pki.strict_json import parse_object
from policies.licenses import find_type
from policies.life_models import ActName

MAX_BODY = 64 * 1024
MAX_KEY = 255
_MAX_COLUMNS = 20
_WORDS = ("reason", "note", "basis")


def read_act(body: bytes, identifier: str, key: str | None) -> Order:
    """Return the order that the body of a request about a licence is."""
    asked = _object(body, {"act", "columns", *_WORDS})
    name = asked.get("act")
    if name == "issue" or name not in get_args(ActName):
        raise Refusal(
            API_BODY, field="act", problem=f"act is one of {', '.join(one for one in get_args(ActName) if one != 'issue')}"
        )
    words = {"reason": "", **_words(asked)}
    return Order(cast("ActName", name), identifier, **words, columns=_columns(asked.get("columns", {})), key=_key(key))


def read_application(deps: LicenseDeps, body: bytes, officer: Officer, key: str | None) -> Order:
    """Return the order that an application is; what type and department say by themselves may be left out of it."""
    asked = _object(body, {"application", *_WORDS})
    given = asked.get("application")
    if not isinstance(given, dict):
        raise Refusal(API_BODY, field="application", problem="application is an object")
    extra = given.get("extra", "")
    if isinstance(extra, dict) and all(isinstance(one, str) and ";" not in one for one in extra.values()):
        given = {**given, "extra": ";".join(f"{name}={value}" for name, value in extra.items())}
    columns = _with_defaults(deps, _columns(given), officer)
    return Order("issue", None, **{"reason": "application", **_words(asked)}, columns=columns, key=_key(key))


def read_search(body: bytes) -> Wanted:
    """Return what is looked for."""
    asked = _object(body, {"holder_id", "type_code", "status", "number"})
    wanted = {name: _text(asked, name) for name in asked}
    if wanted.get("status") not in {None, *get_args(StatusCode)}:
        raise Refusal(API_BODY, field="status", problem=f"status is one of {', '.join(get_args(StatusCode))}")
    return Wanted(None, **cast("dict[str, Any]", wanted))


def act_as_json(act: Act) -> dict[str, Json]:
    """Return an act as its department's systems see it."""
    return {
        "id": act.id,
        "act": act.name,
        "state": act.state,
        "identifier": act.identifier,
        "number": act.number,
        "reason": act.reason,
        "note": act.note,
        "basis": act.basis,
        "asked_by": act.asked_by,
        "asked_at": rfc3339(act.asked_at),
        "decided_by": act.decided_by,
        "decided_at": rfc3339(act.decided_at) if act.decided_at else None,
        "result": act.result,
        "failure": act.failure or None,
    }


def _with_defaults(deps: LicenseDeps, given: dict[str, str], officer: Officer) -> dict[str, str]:
    uscc = given.get("issuer_id") or (officer.departments or ("",))[0]
    kind = find_type(deps.policies.licenses, given.get("type_code", ""))
    with deps.work.look() as work:
        issuer = work.records.find_department(uscc)
    defaults: dict[str, str] = {"issuer_id": uscc}
    if kind is not None:
        defaults |= {"type_name": kind.name, "holder_kind": kind.holder_kind}
    if issuer is not None:
        defaults |= {"issuer_name": issuer.name, "area_code": issuer.area_code}
    return {**defaults, **given}


def _object(body: bytes, members: set[str]) -> dict[str, Any]:
    asked = parse_object(body, API_BODY)
    for name in asked:
        if name not in members:
            raise Refusal(API_BODY, field=name[:40] if name.isprintable() else "?", problem=f"only {', '.join(sorted(members))}")
    return asked


def _words(asked: Mapping[str, Any]) -> dict[str, str]:
    return {name: _text(asked, name) for name in _WORDS if name in asked}


def _text(asked: Mapping[str, Any], name: str) -> str:
    value = asked.get(name)
    if not _is_text(value):
        raise Refusal(API_BODY, field=name, problem=f"{name} is a string without NUL")
    return value


def _is_text(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and "\0" not in value  # which PostgreSQL takes in no text, not even to find nothing


def _columns(given: object) -> dict[str, str]:
    if not isinstance(given, dict) or len(given) > _MAX_COLUMNS or not all(map(_is_text, given.values())):
        raise Refusal(API_BODY, field="columns", problem="its members are strings without NUL")
    return dict(given)


def _key(key: str | None) -> str | None:
    if key is not None and (not 0 < len(key) <= MAX_KEY or not key.isascii() or not key.isprintable()):
        raise Refusal(API_KEY, field="Idempotency-Key", limit=MAX_KEY)
    return key
