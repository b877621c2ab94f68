"""The column ``extra`` (``名称=值;名称=值``) → a licence type's extension fields, each checked by its kind.

Left to others: the common columns (``applications``), which fields a type has (``policies``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType

from kernel.errors import Refusal, Text
from kernel.identifiers import is_resident_id, is_uscc
from licenses.errors import EXTRA_INVALID, EXTRA_MALFORMED, EXTRA_MISSING, EXTRA_UNKNOWN
from policies.models import ExtensionField, FieldKind, LicenseType

FIELD = "extra"
_SHOWN = 40

_AMOUNT = re.compile(
    r"(人民币)?([0-9]{1,3}(,[0-9]{3})+|[0-9]{1,18})(\.[0-9]{1,6})?(万|百万|千万|亿)?(元|美元|港元|澳门元|欧元|英镑|日元)(人民币)?"
    r"|(人民币|美元|港元|澳门元|欧元|英镑|日元)?[壹贰叁肆伍陆柒捌玖拾][零壹贰叁肆伍陆柒捌玖拾佰仟万亿]*(元|圆|美元|港元|澳门元|欧元|英镑|日元)(整|[零壹贰叁肆伍陆柒捌玖角分]+)?"
)
_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,6})?")
_AREA = re.compile(r"[0-9]{1,12}(\.[0-9]{1,4})?(㎡|m²|平方米|公顷|亩)")


def parse_extra(text: str, kind: LicenseType) -> Mapping[str, str]:
    """Return the extension fields by key, in the order of the type; ``Refusal`` on ``extra`` for any that is wrong."""
    given = _split(text)
    by_name = {field.name: field for field in kind.fields}
    for name in given:
        if name not in by_name:
            known = "、".join(by_name)
            raise Refusal(EXTRA_UNKNOWN, field=FIELD, type_name=kind.name, name=name[:_SHOWN], known=known)
    found: dict[str, str] = {}
    for field in kind.fields:
        value = given.get(field.name, "")
        if value:
            check_value(field, value)
            found[field.key] = value
        elif field.required:
            raise Refusal(EXTRA_MISSING, field=FIELD, name=field.name)
    return MappingProxyType(found)


def _split(text: str) -> dict[str, str]:
    given: dict[str, str] = {}
    for part in text.split(";"):
        if not part.strip():
            continue
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not name or name in given:
            raise Refusal(EXTRA_MALFORMED, field=FIELD, found=part.strip()[:_SHOWN])
        given[name] = value
    return given


def check_value(field: ExtensionField, value: str) -> None:
    """Refuse a value that is not as its field wants it."""
    problem = (
        Text("超过 {limit} 个字", "longer than {limit} characters").fill({"limit": field.max_length})
        if len(value) > field.max_length
        else _KINDS[field.kind](field, value) or _pattern(field, value)
    )
    if problem is not None:
        raise Refusal(EXTRA_INVALID, field=FIELD, name=field.name, problem_zh=problem.zh, problem_en=problem.en)


def _pattern(field: ExtensionField, value: str) -> Text | None:
    if field.pattern is None or re.fullmatch(field.pattern, value):
        return None
    return Text(f"不符合格式 {field.pattern}", f"it does not match {field.pattern}")


def _any_text(_field: ExtensionField, _value: str) -> Text | None:
    return None


def _amount(_field: ExtensionField, value: str) -> Text | None:
    return None if _AMOUNT.fullmatch(value) else Text("应为金额，例如 100万元", "an amount is wanted, for example 100万元")


def _area(_field: ExtensionField, value: str) -> Text | None:
    return None if _AREA.fullmatch(value) else Text("应为面积，例如 88.50㎡", "an area is wanted, for example 88.50㎡")


def _choice(field: ExtensionField, value: str) -> Text | None:
    if value in field.choices:
        return None
    choices = "、".join(field.choices)
    return Text(f"应为其中之一：{choices}", f"one of these is wanted: {choices}")


def _resident_id(_field: ExtensionField, value: str) -> Text | None:
    return None if is_resident_id(value) else Text("身份证号码的格式或校验位不对", "not a valid resident ID number")


def _uscc(_field: ExtensionField, value: str) -> Text | None:
    return None if is_uscc(value) else Text("统一社会信用代码的格式或校验位不对", "not a valid unified social credit code")


def _date(_field: ExtensionField, value: str) -> Text | None:
    try:
        if date.fromisoformat(value).isoformat() == value:
            return None
    except ValueError:
        pass
    return Text("应为日期，例如 2026-01-31", "a date is wanted, for example 2026-01-31")


def _number(_field: ExtensionField, value: str) -> Text | None:
    return None if _NUMBER.fullmatch(value) else Text("应为数字，例如 12 或 3.5", "a number is wanted, for example 12 or 3.5")


_KINDS: Mapping[FieldKind, Callable[[ExtensionField, str], Text | None]] = {
    "text": _any_text,
    "amount": _amount,
    "area": _area,
    "choice": _choice,
    "resident_id": _resident_id,
    "uscc": _uscc,
    "date": _date,
    "number": _number,
    "person": _any_text,
}
"""One check for each kind of field; None means that the value is right."""
