"""What people say of themselves when they register, brought into one form and checked as far as that can be without asking anybody.

Left to others: whether it is true (``proofs``, ``window``), whether somebody has said it before (``registration``).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as hidden
from datetime import date

from idp.citizens.errors import PERSON_UNSUITABLE
from idp.people.accounts import check_contact, is_username, normal_username
from idp.records import Channel
from kernel.errors import Refusal, Text
from kernel.identifiers import birth_date, is_resident_id
from kernel.person_names import find_name_fault, normal_person_name

_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_ABROAD = re.compile(r"[1-9][0-9]{6,14}")
_LABELS: Mapping[str, Text] = {
    "name": Text("姓名", "The name"),
    "resident_id": Text("身份证号码", "The resident ID"),
    "phone": Text("手机号", "The phone number"),
    "email": Text("电子邮箱", "The e-mail address"),
}


@dataclass(frozen=True, slots=True)
class Declared:
    """Who somebody says they are, and where they can be reached: their ``username`` is that phone number or e-mail address."""

    name: str = hidden(repr=False)
    resident_id: str = hidden(repr=False)
    channel: Channel
    contact: str = hidden(repr=False)
    username: str = hidden(repr=False)


def read(*, name: str, resident_id: str, contact: str, today: date) -> Declared:
    """Return what was typed in one form; ``Refusal(person_unsuitable)`` names the field and what is wrong with it."""
    channel: Channel = "email" if "@" in contact else "phone"
    reached, username = _read_email(contact) if channel == "email" else _read_phone(contact)
    return Declared(read_name(name), read_number(resident_id, today), channel, reached, username)


def read_name(text: str) -> str:
    """Return a person's name; ``Refusal`` when it can be nobody's."""
    name = normal_person_name(text)
    fault = find_name_fault(name)
    if fault is not None:
        raise unsuitable(field="name", problem=fault)
    return name


def read_number(text: str, today: date) -> str:
    """Return a resident ID; ``Refusal`` when its check character or date of birth cannot be."""
    number = "".join(unicodedata.normalize("NFKC", text).split()).upper()
    if not is_resident_id(number):
        raise unsuitable(
            field="resident_id",
            problem=Text("请核对18位号码，末位是校验码", "check its 18 characters, the last of which is a check character"),
        )
    if birth_date(number) > today:
        raise unsuitable(field="resident_id", problem=Text("出生日期还没有到", "the date of birth is yet to come"))
    return number


def _read_phone(text: str) -> tuple[str, str]:
    typed = re.sub(r"[\s()-]", "", unicodedata.normalize("NFKC", text))
    number = re.sub(r"^(\+|00)86(?=1)", "", typed)
    if _MOBILE.fullmatch(number):
        return number, number
    abroad = re.sub(r"^(\+|00)", "", typed)
    if abroad == typed or not _ABROAD.fullmatch(abroad):
        problem = Text("须为11位手机号，境外号码以+和地区号开头", "11 digits, or + and the country's code for one abroad")
        raise unsuitable(field="phone", problem=problem)
    return f"+{abroad}", f"00{abroad}"


def _read_email(text: str) -> tuple[str, str]:
    address = unicodedata.normalize("NFC", text).strip()
    username = normal_username(address)
    problem = Text("格式不对，或者不能作用户名", "it is not well formed, or cannot be a username")
    try:
        check_contact("email", address)
    except Refusal:
        raise unsuitable(field="email", problem=problem) from None
    if not is_username(username) or not address.isascii() or "." not in address.rpartition("@")[2]:
        raise unsuitable(field="email", problem=problem)
    return address, username


def unsuitable(*, field: str, problem: Text) -> Refusal:
    """Return the refusal of one field."""
    label = _LABELS[field]
    return Refusal(
        PERSON_UNSUITABLE,
        field=field,
        label_zh=label.zh,
        label_en=label.en,
        problem_zh=problem.zh,
        problem_en=problem.en,
    )
