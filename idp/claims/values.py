"""What is known of a person as claims (OpenID Connect Core 5.1 and our own), and how a person is shown their own on a page.

``given_name`` and ``family_name`` are never told: where a Chinese name divides, and whether it does, is not known; ``name`` is whole.

Left to others: who may have which (``told``, ``policies.claims``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from idp.records import PROVEN, Account
from kernel.clock import timestamp
from kernel.errors import Text
from kernel.text import mask

_PLACE = re.compile(
    r"(?P<region>[^省市区县]{2,6}(?:省|自治区)|(?:北京|天津|上海|重庆)市)?(?P<locality>[^省市区县]{2,10}(?:市|自治州|地区|盟))?"
)


def values(account: Account) -> dict[str, Any]:
    """Return everything that can be told of an account beside who it is to a client (``sub``); None where it is not known.

    A number that its owner alone vouches for is told to nobody, nor what it says of them.
    """
    number = account.resident_id if account.real_name_level >= PROVEN else None
    # An address or number that nobody has confirmed is told as such (Core 5.1).
    return {
        "name": account.name,
        "preferred_username": account.username,
        "birthdate": _birthdate(number),
        "gender": _gender(number),
        "locale": "zh-CN",
        "zoneinfo": "Asia/Shanghai",
        "updated_at": None if account.updated_at is None else timestamp(account.updated_at),
        "user_kind": account.kind,
        "real_name_level": account.real_name_level,
        "email": account.email,
        "email_verified": None if account.email is None else "email" in account.confirmed,
        "address": None if account.address is None else _address(account.address),
        "phone_number": account.phone,
        "phone_number_verified": None if account.phone is None else "phone" in account.confirmed,
        "resident_id": number,
        "uscc": account.uscc,
        "organization": account.organization,
        "department": account.department,
    }


def _birthdate(number: str | None) -> str | None:  # GB 11643: digits 7 to 14
    return None if number is None else f"{number[6:10]}-{number[10:12]}-{number[12:14]}"


def _gender(number: str | None) -> str | None:  # GB 11643: the 17th digit is odd for men
    return None if number is None else ("female", "male")[int(number[16]) % 2]


def _address(written: str) -> dict[str, str]:
    """Return an address as Core 5.1.1 has it; province and city only where it names them first, as Chinese addresses do."""
    found = _PLACE.match(written)
    parts = {} if found is None else {name: part for name, part in found.groupdict().items() if part is not None}
    return {"formatted": written, "country": "CN", **parts}


@dataclass(frozen=True, slots=True)
class Shown:
    """A claim on a page: what it is called, and the person's own value, masked where it would tell a bystander too much."""

    label: Text
    value: Text


_KINDS = {
    "citizen": Text("个人", "citizen"),
    "enterprise": Text("企业", "enterprise"),
    "staff": Text("工作人员", "staff"),
    "security_admin": Text("安全管理员", "security admin"),
    "male": Text("男", "male"),
    "female": Text("女", "female"),
}


def _whole(value: Any) -> str:
    return str(value)


def _first(value: Any) -> str:
    return mask(str(value))


def _ends(value: Any) -> str:
    return mask(str(value), head=3, tail=2)


def _email(value: Any) -> str:
    name, _, domain = str(value).partition("@")
    return f"{mask(name)}@{domain}"


def _year(value: Any) -> str:
    return f"{str(value)[:4]}-**-**"


def _place(value: Any) -> str:
    known = "".join(value.get(part, "") for part in ("region", "locality"))
    return known + "*" * 4


_LABELS: Mapping[str, tuple[Text, Callable[[Any], str]]] = {
    "name": (Text("姓名或名称", "Name"), _first),
    "preferred_username": (Text("用户名", "Username"), _whole),
    "birthdate": (Text("出生日期", "Date of birth"), _year),
    "gender": (Text("性别", "Gender"), _whole),
    "user_kind": (Text("用户类别", "Kind of account"), _whole),
    "real_name_level": (Text("实名等级", "Real-name level"), _whole),
    "email": (Text("电子邮箱", "E-mail address"), _email),
    "address": (Text("地址", "Address"), _place),
    "phone_number": (Text("手机号码", "Phone number"), _ends),
    "resident_id": (Text("身份证号码", "Resident ID"), _ends),
    "uscc": (Text("统一社会信用代码", "Unified social credit code"), _ends),
    "organization": (Text("单位", "Organisation"), _whole),
    "department": (Text("部门", "Department"), _whole),
}
"""The claims that say something about a person; the others are left unsaid on pages."""


def shown(name: str, value: Any) -> Shown | None:
    """Return how a claim is shown to whom it is about; None for one that says nothing about them."""
    known = _LABELS.get(name)
    if known is None:
        return None
    label, masked = known
    text = masked(value)
    return Shown(label, _KINDS.get(text, Text(text, text)))


def label_of(name: str) -> Text | None:
    """Return what a claim is called on a page; None for one that is left unsaid."""
    known = _LABELS.get(name)
    return None if known is None else known[0]
