"""What people say of themselves when they register, brought into one form and checked as far as that can be without asking anybody.

Left to others: whether it is true (``proofs``, ``window``), whether somebody has said it before (``registration``).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as hidden
from datetime import date

from idp.citizens.errors import PERSON_UNSUITABLE
from idp.people.contact_forms import find_email, find_phone
from idp.records import Channel
from kernel.errors import Refusal, Text
from kernel.identifiers import birth_date, is_resident_id
from kernel.person_names import find_name_fault, normal_person_name

_LABELS: Mapping[str, Text] = {
    "name": Text("姓名", "The name"),
    "resident_id": Text("身份证号码", "The resident ID"),
    "phone": Text("手机号", "The phone number"),
    "email": Text("电子邮箱", "The e-mail address"),
}


@dataclass(frozen=True, slots=True)
class Declared:
    """Who somebody says they are, and where they can be reached."""

    name: str = hidden(repr=False)
    resident_id: str = hidden(repr=False)
    channel: Channel
    contact: str = hidden(repr=False)


def read(*, name: str, resident_id: str, contact: str, today: date) -> Declared:
    """Return what was typed in one form; ``Refusal(person_unsuitable)`` names the field and what is wrong with it."""
    channel: Channel = "email" if "@" in contact else "phone"
    return Declared(read_name(name), read_number(resident_id, today), channel, _read_contact(channel, contact))


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


def _read_contact(channel: Channel, text: str) -> str:
    if channel == "phone":
        contact, problem = (
            find_phone(text),
            Text("须为11位手机号，境外号码以+和地区号开头", "11 digits, or + and the country's code for one abroad"),
        )
    else:
        contact, problem = find_email(text), Text("不是可以收信的地址", "it is no address that can be written to")
    if contact is None:
        raise unsuitable(field=channel, problem=problem)
    return contact


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
