"""A reading as JSON, for the process that takes files apart and for what is kept of a file that was read.

Strict in both directions and harmless to read: whoever wrote it may have been led astray by a hostile file, so it can hold values
and nothing else. Left to others: what the values mean (``reading``).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, cast, get_args

from kernel.errors import Refusal, Text
from licenses import data, reading, report_data
from licenses.other_signatures import ByteRange, OtherSignature, OtherStamp, Problem
from licenses.pdf_changes import KINDS, Change, What
from licenses.reading import DataFlaw, Flaw, Reading, Seal, Stamp
from licenses.signatures import FaultKind
from pki.strict_json import encode_base64url

FORM = 3
"""The form's version. A reading that was kept in another form is made anew."""

_CHANGES = tuple(each.name for each in fields(Change))


def dump(found: Reading) -> bytes:
    """Return the reading as JSON."""
    return json.dumps(as_json(found), ensure_ascii=False, separators=(",", ":")).encode()


def read(pdf: bytes) -> bytes:
    """Take ``pdf`` apart as ``reading.read`` does; return the reading as JSON."""
    return dump(reading.read(pdf))


def load(raw: bytes) -> Reading:
    """Return the reading that the JSON ``raw`` is; ``ValueError`` for anything that is none."""
    try:
        return load_value(json.loads(raw))
    except RecursionError as error:
        message = "no reading: too deep"
        raise ValueError(message) from error


def load_value(value: Any) -> Reading:
    """Do as :func:`load` for JSON that was read already."""
    try:
        return _from_json(value)
    except (Refusal, LookupError, TypeError, AttributeError, RecursionError) as error:
        message = f"no reading: {type(error).__name__}"
        raise ValueError(message) from error


def as_json(found: Reading) -> dict[str, Any]:
    """Return the JSON object."""
    return {
        "form": FORM,
        "sha256": found.sha256,
        "size": found.size,
        "signatures": found.signatures,
        "seal": None if found.seal is None else _seal(found.seal),
        "attachment_sha256": found.attachment_sha256,
        "data": None if found.data is None else found.data.as_json(),
        "data_flaw": None if found.data_flaw is None else [found.data_flaw.code, *_text(found.data_flaw.text)],
        "material": [found.signer_material, found.stamper_material],
        "certificates": [encode_base64url(der) for der in found.certificates],
        "crls": [encode_base64url(der) for der in found.crls],
        "changes": [[getattr(change, name) for name in _CHANGES] for change in found.changes],
        "others": [_other(each) for each in found.others],
        "report": None if found.report is None else found.report.as_list(),
        "ocsps": [encode_base64url(der) for der in found.ocsps],
    }


def _from_json(value: Mapping[str, Any]) -> Reading:
    if value["form"] != FORM:
        message = "a reading of another form"
        raise ValueError(message)
    seal, attached, flaw = value["seal"], value["data"], value["data_flaw"]
    signer_material, stamper_material = value["material"]
    return Reading(
        sha256=_str(value["sha256"]),
        size=_int(value["size"]),
        signatures=_int(value["signatures"]),
        seal=None if seal is None else _seal_of(seal),
        attachment_sha256=_optional(value["attachment_sha256"]),
        data=None if attached is None else data.from_json(attached),
        data_flaw=None if flaw is None else DataFlaw(_str(flaw[0]), _text_of(flaw[1:])),
        signer_material=_bool(signer_material),
        stamper_material=_bool(stamper_material),
        certificates=tuple(_octets(each) for each in value["certificates"]),
        crls=tuple(_octets(each) for each in value["crls"]),
        changes=tuple(_change_of(each) for each in value["changes"]),
        others=tuple(_other_of(each) for each in value["others"]),
        report=None if value["report"] is None else report_data.of_list(value["report"]),
        ocsps=tuple(_octets(each) for each in value["ocsps"]),
    )


def _seal(seal: Seal) -> dict[str, Any]:
    stamp = seal.stamp
    return {
        "kind": seal.kind,
        "byte_range": list(seal.byte_range),
        "digest": seal.digest,
        "permission": seal.permission,
        "is_author": seal.is_author,
        "gap": None if seal.gap is None else _text(seal.gap),
        "flaw": _flaw(seal.flaw),
        "algorithm": seal.algorithm,
        "signer": None if seal.signer is None else encode_base64url(seal.signer),
        "stamp": None
        if stamp is None
        else [stamp.generated_at.isoformat(), stamp.policy, encode_base64url(stamp.certificate), stamp.dedicated],
        "stamp_flaw": _flaw(seal.stamp_flaw),
    }


def _seal_of(value: Mapping[str, Any]) -> Seal:
    stamp, gap, signer, permission = value["stamp"], value["gap"], value["signer"], value["permission"]
    return Seal(
        kind=_one_of(value["kind"], "signature", "time_stamp"),
        byte_range=tuple(_int(each) for each in value["byte_range"]),
        digest=_str(value["digest"]),
        permission=None if permission is None else _int(permission),
        is_author=_bool(value["is_author"]),
        gap=None if gap is None else _text_of(gap),
        flaw=_flaw_of(value["flaw"]),
        algorithm=_optional(value["algorithm"]),
        signer=None if signer is None else _octets(signer),
        stamp=None
        if stamp is None
        else Stamp(datetime.fromisoformat(stamp[0]), _str(stamp[1]), _octets(stamp[2]), _bool(stamp[3])),
        stamp_flaw=_flaw_of(value["stamp_flaw"]),
    )


def _other(other: OtherSignature) -> list[Any]:
    octets = [encode_base64url(each) for each in (other.signer, other.cms, other.value)]
    stamps = [_other_stamp(each) for each in other.stamps]
    return [other.field, other.algorithm, other.problem, octets, list(other.byte_range), stamps]


def _other_of(value: Sequence[Any]) -> OtherSignature:
    field, algorithm, problem, octets, byte_range, stamps = value
    signer, cms, signature = map(_octets, octets)
    return OtherSignature(
        field=_str(field),
        signer=signer,
        algorithm=_str(algorithm),
        problem=None if problem is None else _one_of(problem, *get_args(Problem)),
        stamps=tuple(_other_stamp_of(each) for each in stamps),
        byte_range=_byte_range_of(byte_range),
        cms=cms,
        value=signature,
    )


def _other_stamp(stamp: OtherStamp) -> list[Any]:
    octets = [encode_base64url(each) for each in (stamp.certificate, stamp.token)]
    return [stamp.generated_at.isoformat(), octets, stamp.dedicated, stamp.byte_range and list(stamp.byte_range)]


def _other_stamp_of(value: Sequence[Any]) -> OtherStamp:
    at, octets, dedicated, byte_range = value
    certificate, token = map(_octets, octets)
    over = None if byte_range is None else _byte_range_of(byte_range)
    return OtherStamp(datetime.fromisoformat(at), certificate, _bool(dedicated), token, over)


def _byte_range_of(value: Sequence[Any]) -> ByteRange:
    start, length, second, rest = map(_int, value)
    return start, length, second, rest


def _flaw(flaw: Flaw | None) -> list[str] | None:
    return None if flaw is None else [flaw.kind, *_text(flaw.text)]


def _flaw_of(value: Sequence[Any] | None) -> Flaw | None:
    return None if value is None else Flaw(_one_of(value[0], *get_args(FaultKind)), _text_of(value[1:]))


def _change_of(value: Sequence[Any]) -> Change:
    what, revision, kind, reference, size = value
    return Change(_one_of(what, *get_args(What)), _int(revision), _one_of(kind, *KINDS), _str(reference), _int(size))


def _text(text: Text) -> list[str]:
    return [text.zh, text.en]


def _text_of(value: Sequence[Any]) -> Text:
    zh, en = value
    return Text(_str(zh), _str(en))


def _octets(value: Any) -> bytes:
    text = _str(value)
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _one_of(value: Any, *known: str) -> Any:
    if value not in known:
        message = "an unknown word"
        raise ValueError(message)
    return value


def _optional(value: Any) -> str | None:
    return None if value is None else _str(value)


def _str(value: Any) -> str:
    return cast("str", _is(value, str))


def _int(value: Any) -> int:
    return cast("int", _is(value, int))


def _bool(value: Any) -> bool:
    return cast("bool", _is(value, bool))


def _is(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        message = f"a {kind.__name__} is wanted"
        raise TypeError(message)
    return value
