"""What the room stores, as its operations ask for it: one Protocol for each kind of record, filled by ``storage``.

Left to others: the records themselves (``records``), SQL (``storage``), every decision (the operations).
"""

from __future__ import annotations

from idp.record_ports.administration import AdministrationRecords
from idp.record_ports.authenticators import AuthenticatorRecords
from idp.record_ports.clients import ClientRecords
from idp.record_ports.closings import ClosingRecords
from idp.record_ports.devices import DeviceRecords
from idp.record_ports.directories import DirectoryRecords
from idp.record_ports.entering import EnteringRecords
from idp.record_ports.events import EventRecords
from idp.record_ports.grants import GrantRecords
from idp.record_ports.imports import ImportRecords
from idp.record_ports.kept_forms import KeptFormRecords
from idp.record_ports.logins import SessionRecords
from idp.record_ports.logout import LogoutRecords
from idp.record_ports.mandates import MandateRecords
from idp.record_ports.notices import NoticeRecords
from idp.record_ports.people import AccountRecords
from idp.record_ports.proofs import ProofRecords
from idp.record_ports.recoveries import RecoveryRecords
from idp.record_ports.redeeming import RedeemingRecords
from idp.record_ports.switches import SwitchRecords

__all__ = [
    "AccountRecords",
    "AdministrationRecords",
    "AuthenticatorRecords",
    "ClientRecords",
    "ClosingRecords",
    "DeviceRecords",
    "DirectoryRecords",
    "EnteringRecords",
    "EventRecords",
    "GrantRecords",
    "ImportRecords",
    "KeptFormRecords",
    "LogoutRecords",
    "MandateRecords",
    "NoticeRecords",
    "ProofRecords",
    "RecoveryRecords",
    "RedeemingRecords",
    "SessionRecords",
    "SwitchRecords",
]
