"""Phone numbers and e-mail addresses in the one form in which they are compared, however they are typed."""

from __future__ import annotations

import re
import unicodedata

from idp.records import Channel
from kernel.text import find_unwanted_character, normal_form

_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_ABROAD = re.compile(r"[1-9][0-9]{6,14}")
_EMAIL = re.compile(r"[a-z0-9][a-z0-9.!#$%&'*+/=?^_`{|}~-]{0,63}@[a-z0-9.-]{1,180}\.[a-z0-9-]{2,60}")


def find_phone(text: str) -> str | None:
    """Return a mainland mobile as eleven digits, a number abroad with + and the country's code; None for anything else."""
    typed = re.sub(r"[\s()-]", "", unicodedata.normalize("NFKC", text))
    number = re.sub(r"^(\+|00)86(?=1)", "", typed)
    if _MOBILE.fullmatch(number):
        return number
    abroad = re.sub(r"^(\+|00)", "", typed)
    return f"+{abroad}" if abroad != typed and _ABROAD.fullmatch(abroad) else None


def find_email(text: str) -> str | None:
    """Return an address in lower case, None for what is none that anybody here is written to."""
    address = normal_form(text).casefold()
    return address if _EMAIL.fullmatch(address) and find_unwanted_character(address) is None else None


def compared(channel: Channel, value: str) -> str:
    """Return the form in which a contact is looked up; what is neither number nor address, as it is."""
    found = find_phone(value) if channel == "phone" else find_email(value)
    return found or normal_form(value)
