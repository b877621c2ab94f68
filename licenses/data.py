"""A licence's data as JSON: what is attached to the page as ``license.json``, by the keys of GB/T 36903.

The form only grows: it carries ``chaoxin.version``, and what version 1 wrote is read for ever. Version 2 names the kind of the holder's
code beside its number, and the seal. Left to others: the page
(``render``), reading the attachment out of a PDF (``documents``), comparing it with page and registry (``verify``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NoReturn

from kernel.canonical import Json, canonical
from kernel.clock import parse_rfc3339, rfc3339
from kernel.errors import Refusal
from kernel.identifiers import LicenseIdentifier, parse_license_identifier
from kernel.nodes import Node
from licenses.errors import DATA_INVALID
from licenses.registry_records import LicenseRecord
from policies.models import HolderKind

DATA_VERSION = 2
ATTACHMENT = "license.json"
"""The name of the attachment."""

MAX_BYTES = 64 * 1024
STATUS_PATH = "/licenses/status"
"""Where a node serves its status list, below its URL."""

HOLDER_ID_KINDS: Mapping[HolderKind, str] = {"citizen": "111", "enterprise": "001"}
"""CZZTDMLXDM, the kind of the holder's code (持证主体代码类型代码): 111 resident ID, 001 unified social credit code."""

_HOLDER_KINDS: Mapping[str, HolderKind] = {code: kind for kind, code in HOLDER_ID_KINDS.items()}
_HOLDER_ID_NAMES: Mapping[HolderKind, str] = {"citizen": "公民身份号码", "enterprise": "统一社会信用代码"}
_SEAL = "电子证照专用章"

WITHOUT_END = "长期"
"""What stands for the day of expiry when there is none."""

COPY_NUMBER, COPY_PURPOSE, COPY_RECEIVER, COPY_UNTIL = "JZ_XH", "JZ_YT", "JZ_SYF", "JZ_YXQJZRQ"
COPY_FIELDS = frozenset({COPY_NUMBER, COPY_PURPOSE, COPY_RECEIVER, COPY_UNTIL})
"""What an annotated copy (加注件) adds: which copy it is, for what, for whom, and its last day."""

_TEXT_KEYS: Mapping[int, tuple[str, ...]] = {
    1: (
        "ZZMC", "ZZLXDM", "ZZBH", "ZZBS", "ZZBFJG", "ZZBFJGDM", "ZZBFRQ", "CZZT", "CZZTDM", "CZZTDMLX", "ZZYXQQSRQ", "ZZYXQJZRQ",
    ),
    2: (
        "ZZMC", "ZZLXDM", "ZZBH", "ZZBS", "ZZBFJG", "ZZBFJGDM", "ZZBFRQ", "CZZT", "CZZTDM", "CZZTDMLX", "CZZTDMLXDM", "ZZYXQQSRQ",
        "ZZYXQJZRQ", "ZZQZR", "ZZQZMC", "ZZQZSJ",
    ),
}  # fmt: skip
_ALL_KEYS = frozenset(key for keys in _TEXT_KEYS.values() for key in keys)
_EXTENSION = re.compile(r"[A-Z][A-Z0-9_]{1,31}")
_LICENSE_VERSION = "001"


@dataclass(frozen=True, slots=True)
class LicenseData:
    """What a licence says of itself. Read from a file it is a claim; only ``verify`` makes a fact of it."""

    type_name: str
    type_code: str
    number: str
    identifier: str
    issuer_name: str
    issuer_uscc: str
    area_code: str
    issue_date: date
    holder_kind: HolderKind
    holder_name: str
    holder_id: str
    valid_from: date
    valid_to: date | None
    fields: Mapping[str, str]
    node_code: str
    node_url: str
    status_uri: str
    status_index: int
    sealed_at: datetime | None = field(default=None, compare=False)
    """When the seal was asked for: the seal itself and its time-stamp prove when it was made."""

    def as_json(self) -> dict[str, Json]:
        """Return the JSON object, GB/T 36903 keys first."""
        return {
            "ZZMC": self.type_name,
            "ZZLXDM": self.type_code,
            "ZZBH": self.number,
            "ZZBS": self.identifier,
            "ZZBFJG": self.issuer_name,
            "ZZBFJGDM": self.issuer_uscc,
            "ZZBFRQ": self.issue_date.isoformat(),
            "CZZT": self.holder_name,
            "CZZTDM": self.holder_id,
            "CZZTDMLX": _HOLDER_ID_NAMES[self.holder_kind],
            "CZZTDMLXDM": HOLDER_ID_KINDS[self.holder_kind],
            "ZZYXQQSRQ": self.valid_from.isoformat(),
            "ZZYXQJZRQ": self.valid_to.isoformat() if self.valid_to else WITHOUT_END,
            "ZZQZR": self.issuer_name,
            "ZZQZMC": f"{self.issuer_name}{_SEAL}",
            "ZZQZSJ": rfc3339(self.sealed_at) if self.sealed_at else "",
            **self.fields,
            "chaoxin": {
                "version": DATA_VERSION,
                "node": self.node_code,
                "url": self.node_url,
                "area": self.area_code,
                "status": {"uri": self.status_uri, "idx": self.status_index},
            },
        }

    def to_bytes(self) -> bytes:
        """Return the attachment: canonical JSON (RFC 8785) in UTF-8."""
        return canonical(self.as_json())


def make_identifier(*, type_code: str, issuer_uscc: str, number: str, version: str = _LICENSE_VERSION) -> str:
    """Return the licence identifier (GB/T 36904) whose serial is the licence's number."""
    return str(LicenseIdentifier(type_code, issuer_uscc, number, version))


def describe(record: LicenseRecord, type_name: str, node: Node) -> LicenseData:
    """Return what the licence of ``record`` says, whose type is called so, issued at ``node``."""
    return LicenseData(
        type_name=type_name,
        type_code=record.type_code,
        number=record.number,
        identifier=record.identifier,
        issuer_name=record.issuer_name,
        issuer_uscc=record.issuer_uscc,
        area_code=record.area_code,
        issue_date=record.issue_date,
        holder_kind=record.holder_kind,
        holder_name=record.holder_name,
        holder_id=record.holder_id,
        valid_from=record.valid_from,
        valid_to=record.valid_to,
        fields=dict(record.fields),
        node_code=node.code,
        node_url=node.url,
        status_uri=node.url + STATUS_PATH,
        status_index=record.status_index,
        sealed_at=record.requested_at.replace(microsecond=0),
    )


def parse(raw: bytes) -> LicenseData:
    """Return what the attachment ``raw`` says; ``Refusal`` (``data_invalid``) for anything but a well-formed version 1 or 2."""
    if len(raw) > MAX_BYTES:
        _refuse(f"more than {MAX_BYTES} bytes")
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        _refuse(f"not JSON ({type(error).__name__})")
    if not isinstance(value, dict):
        _refuse("not an object")
    return from_json(value)


def from_json(value: dict[str, Any]) -> LicenseData:
    """Return what the JSON object says; ``Refusal`` (``data_invalid``) as :func:`parse`."""
    own = value.get("chaoxin")
    version = own.get("version") if isinstance(own, dict) else None
    if not isinstance(own, dict) or type(version) is not int or version not in _TEXT_KEYS:
        _refuse("not version 1 or 2")
    keys = _TEXT_KEYS[version]
    fields = {key: text for key, text in value.items() if key not in _ALL_KEYS and _EXTENSION.fullmatch(key)}
    if set(value) != {*keys, *fields, "chaoxin"}:
        _refuse("unknown or missing keys")
    status = own.get("status")
    if set(own) != {"version", "node", "url", "area", "status"} or not isinstance(status, dict) or set(status) != {"uri", "idx"}:
        _refuse("unknown or missing keys in chaoxin")
    texts = [value[key] for key in keys] + list(fields.values()) + [own["node"], own["url"], own["area"], status["uri"]]
    if not all(isinstance(text, str) for text in texts):
        _refuse("a value is no text")
    if type(status["idx"]) is not int or status["idx"] < 0:
        _refuse("no status index")
    _check_identifier(value)
    _check_copy(fields)
    end = value["ZZYXQJZRQ"]
    return LicenseData(
        type_name=value["ZZMC"],
        type_code=value["ZZLXDM"],
        number=value["ZZBH"],
        identifier=value["ZZBS"],
        issuer_name=value["ZZBFJG"],
        issuer_uscc=value["ZZBFJGDM"],
        area_code=own["area"],
        issue_date=_date(value["ZZBFRQ"]),
        holder_kind=_holder_kind(value, version),
        holder_name=value["CZZT"],
        holder_id=value["CZZTDM"],
        valid_from=_date(value["ZZYXQQSRQ"]),
        valid_to=None if end == WITHOUT_END else _date(end),
        fields=fields,
        node_code=own["node"],
        node_url=own["url"],
        status_uri=status["uri"],
        status_index=status["idx"],
        sealed_at=_sealed_at(value, version),
    )


def _check_identifier(value: Mapping[str, Any]) -> None:
    try:
        identifier = parse_license_identifier(value["ZZBS"])
    except ValueError as error:
        _refuse(str(error))
    if (identifier.type_code, identifier.issuer, identifier.serial) != (value["ZZLXDM"], value["ZZBFJGDM"], value["ZZBH"]):
        _refuse("the identifier does not agree with type, issuer and number")


def _check_copy(fields: Mapping[str, str]) -> None:
    """Refuse an annotated copy that does not say all that makes it one."""
    said = COPY_FIELDS & fields.keys()
    if said and said != COPY_FIELDS:
        _refuse("an annotated copy that does not say all of its limits")
    if said:
        _date(fields[COPY_UNTIL])


def _date(text: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        _refuse("a date that is none")
    if found.isoformat() != text:
        _refuse("a date that is not YYYY-MM-DD")
    return found


def _holder_kind(value: Mapping[str, Any], version: int) -> HolderKind:
    kind = _HOLDER_KINDS.get(value["CZZTDMLX" if version == 1 else "CZZTDMLXDM"])
    if kind is None or (version > 1 and value["CZZTDMLX"] != _HOLDER_ID_NAMES[kind]):
        _refuse("an unknown kind of holder code")
    return kind


def _sealed_at(value: Mapping[str, Any], version: int) -> datetime | None:
    if version == 1:
        return None
    if (value["ZZQZR"], value["ZZQZMC"]) != (value["ZZBFJG"], f"{value['ZZBFJG']}{_SEAL}"):
        _refuse("another sealed it than issued it")
    try:
        return parse_rfc3339(value["ZZQZSJ"]) if value["ZZQZSJ"] else None
    except ValueError:
        _refuse("a moment that is none")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "a key twice"
        raise ValueError(message)
    return found


def _no_constant(name: str) -> Any:
    message = f"{name} is not JSON"
    raise ValueError(message)


def _refuse(problem: str) -> NoReturn:
    raise Refusal(DATA_INVALID, problem=problem) from None
