"""Gives numbers: of licences that bring none, and of slots in the status list. Each is one conditional update of a counter."""

from __future__ import annotations

from licenses.ports import LicenseRecords

_DIGITS = 8
_STATUS_INDEX = "status_index"


def take_number(records: LicenseRecords, area_code: str, year: int) -> str:
    """Return a number that is free: area, year, eight digits. It continues after those that departments gave themselves."""
    prefix = f"{area_code}{year:04d}"
    greatest = records.greatest_number(prefix, len(prefix) + _DIGITS)
    last = greatest.removeprefix(prefix) if greatest else "0"
    value = records.take_counter(f"number:{prefix}", at_least=int(last) if last.isdecimal() else 0)
    return f"{prefix}{value:0{_DIGITS}d}"


def take_status_index(records: LicenseRecords) -> int:
    """Return a slot of the status list, counted from 0, that no licence has or had."""
    return records.take_counter(_STATUS_INDEX) - 1
