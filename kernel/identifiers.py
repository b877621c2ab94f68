"""Identifiers with check digits: resident ID (GB 11643), unified social credit code (GB 32100), licence identifier (GB/T 36904)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from stdnum.cn import ric, uscc
from stdnum.exceptions import InvalidComponent
from stdnum.iso7064 import mod_37_36

LICENSE_ARC = "1.2.156.3005.2"
"""The object identifier that every licence identifier starts with (GB/T 36904)."""

_RESIDENT_ID = re.compile(r"[1-9][0-9]{16}[0-9X]")
_ISSUER = re.compile(r"[0-9A-Z]{18}")
_TYPE = re.compile(r"[0-9A-Z]{21}")
_SERIAL = re.compile(r"[0-9A-Z]{9,32}")
_VERSION = re.compile(r"[0-9A-Z]{3}")


def is_resident_id(text: str) -> bool:
    """Tell whether ``text`` is a well-formed 18-character resident ID: area, a date of birth that exists, check character.

    The library's own ``is_valid`` also looks the area up in a list that lacks today's districts; areas come and go while an ID
    lasts a lifetime, so that look-up is left out.
    """
    if not _RESIDENT_ID.fullmatch(text) or ric.calc_check_digit(text) != text[-1]:
        return False
    try:
        ric.get_birth_date(text)
    except InvalidComponent:
        return False
    return True


def birth_date(resident_id: str) -> date:
    """Return the date of birth that a right resident ID tells (GB 11643: digits 7 to 14)."""
    born: date = ric.get_birth_date(resident_id)
    return born


def is_uscc(text: str) -> bool:
    """Tell whether ``text`` is a well-formed 18-character unified social credit code with a right check character."""
    return len(text) == 18 and text.isascii() and text == text.upper() and uscc.is_valid(text)  # noqa: PLR2004 - GB 32100


@dataclass(frozen=True, slots=True)
class LicenseIdentifier:
    """A licence identifier (证照标识): type, issuer, serial and version, closed by an ISO 7064 MOD 37,36 character."""

    type_code: str
    issuer: str
    serial: str
    version: str

    @property
    def check(self) -> str:
        """The check character over the four fields concatenated without dots."""
        return mod_37_36.calc_check_digit(self.type_code + self.issuer + self.serial + self.version)

    def __str__(self) -> str:
        return f"{LICENSE_ARC}.{self.type_code}.{self.issuer}.{self.serial}.{self.version}.{self.check}"


def parse_license_identifier(text: str) -> LicenseIdentifier:
    """Return the identifier that ``text`` writes; ``ValueError`` when a field has a wrong form or the check character is wrong.

    The issuer's own check character is not looked at: the standard's published example fails it, and so do old records.
    """
    prefix = LICENSE_ARC + "."
    parts = text.removeprefix(prefix).split(".")
    if not text.startswith(prefix) or len(parts) != 5:  # noqa: PLR2004 - four fields and the check
        message = "not a GB/T 36904 identifier"
        raise ValueError(message)
    type_code, issuer, serial, version, check = parts
    if not (
        _TYPE.fullmatch(type_code) and _ISSUER.fullmatch(issuer) and _SERIAL.fullmatch(serial) and _VERSION.fullmatch(version)
    ):
        message = "a field of the identifier has a wrong form"
        raise ValueError(message)
    identifier = LicenseIdentifier(type_code, issuer, serial, version)
    if identifier.check != check:
        message = "the identifier's check character is wrong"
        raise ValueError(message)
    return identifier
