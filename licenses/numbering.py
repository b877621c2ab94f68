"""Gives numbers: of licences that bring none, and of slots in the status list. Each is one conditional update of a counter."""

from __future__ import annotations

from licenses.ports import LicenseRecords

_DIGITS = 8
_STATUS_INDEX = "status_index"


def take_number(records: LicenseRecords, area_code: str, year: int, *, beyond_given: bool = False) -> str:
    """Return the next number: area, year, eight digits. It may be one that a department gave itself, which ``reserve`` tells.

    ``beyond_given`` looks those up first, which takes as long as there are many, and continues after the greatest.
    """
    prefix = f"{area_code}{year:04d}"
    greatest = records.greatest_number(prefix, len(prefix) + _DIGITS) if beyond_given else None
    last = int(greatest.removeprefix(prefix)) if greatest else 0
    return f"{prefix}{records.take_counter(f'number:{prefix}', at_least=last):0{_DIGITS}d}"


def take_status_index(records: LicenseRecords) -> int:
    """Return a slot of the status list, counted from 0, that no licence has or had."""
    return records.take_counter(_STATUS_INDEX) - 1
