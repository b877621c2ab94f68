"""Gives numbers: of licences that bring none, and of slots in the status list. Each is one conditional update of a counter.

Each issuer fills blocks of slots of its own, in an order that only the node's key tells: two slots say nothing about which licence was
first, or that they are one person's (Token Status List, 12.5.2).
"""

from __future__ import annotations

from licenses.ports import LicenseRecords
from pki.vault import Vault

STATUS_REVISION = "status_revision"
"""The counter that moves with every change of what the status list says, its length among it."""

_DIGITS = 8
_BLOCK = 4096
_BLOCKS = "status_blocks"
_HALF = 6
_MASK = (1 << _HALF) - 1
_ROUNDS = 4


def take_number(records: LicenseRecords, area_code: str, year: int, *, beyond_given: bool = False) -> str:
    """Return the next number: area, year, eight digits. It may be one that a department gave itself, which ``reserve`` tells.

    ``beyond_given`` looks those up first, which takes as long as there are many, and continues after the greatest.
    """
    prefix = f"{area_code}{year:04d}"
    greatest = records.greatest_number(prefix, len(prefix) + _DIGITS) if beyond_given else None
    last = int(greatest.removeprefix(prefix)) if greatest else 0
    return f"{prefix}{records.take_counter(f'number:{prefix}', at_least=last):0{_DIGITS}d}"


def take_status_index(records: LicenseRecords, vault: Vault, issuer_uscc: str) -> int:
    """Return a slot of the status list, counted from 0, that no licence has or had."""
    filled, place = divmod(records.take_counter(f"status_slots:{issuer_uscc}") - 1, _BLOCK)
    current = f"status_block:{issuer_uscc}"
    if place == 0:  # the issuer's counter stays locked until the transaction ends, so nobody else begins this block
        block = records.take_counter(_BLOCKS) - 1
        records.take_counter(current, at_least=block)
        records.take_counter(STATUS_REVISION)
    else:
        block = records.counter(current) - 1
    return block * _BLOCK + _shuffled(vault, f"{issuer_uscc}:{filled}", place)


def count_status_slots(records: LicenseRecords) -> int:
    """Return how many slots the status list has, taken or not."""
    return records.counter(_BLOCKS) * _BLOCK


def _shuffled(vault: Vault, block: str, place: int) -> int:
    """Return the place of a block's slots that comes ``place``-th: a permutation by a Feistel network under the vault's key."""
    left, right = place >> _HALF, place & _MASK
    for number in range(_ROUNDS):
        left, right = right, left ^ vault.digest(f"{block}:{number}:{right}", "licenses.slot")[0] & _MASK
    return left << _HALF | right
