"""The records of the room, a file for each kind. Codes, tokens and cookies are held as SHA-256, personal data as the vault's ciphertext.

Moments are aware and in UTC. Left to others: what can be done with them (``record_ports``), SQL (``storage``), every decision.
"""

from __future__ import annotations

from idp.records.administration import Proposal
from idp.records.clients import (
    Client,
    ClientAuthentication,
    ClientSecret,
    Consent,
    Foreseen,
    Invitation,
    SigningAlgorithm,
    Stage,
    SubjectType,
)
from idp.records.closings import Closing
from idp.records.devices import DeviceRequest
from idp.records.directories import DirectoryPerson, DirectorySettings, DirectoryState, Lock, StaffEntry
from idp.records.events import POLLED, EventDelivery, EventOutcome, EventStream, StreamSaid, StreamStatus
from idp.records.grants import (
    NO_CLAIMS,
    ClaimNames,
    Code,
    Grant,
    Heir,
    RefreshFamily,
    RefreshToken,
    SigningKey,
    Use,
    read_claim_names,
)
from idp.records.kept_forms import KeptForm
from idp.records.logins import PushedRequest, Session, Transaction
from idp.records.logout import LogoutBacklog, LogoutDelivery, LogoutOutcome
from idp.records.mandates import Mandate, MandateOffer, Representative
from idp.records.notices import Case, Decision, Login, Notice, Switch
from idp.records.people import (
    PROVEN,
    Account,
    AccountRecord,
    Authenticator,
    AuthenticatorKind,
    Channel,
    CodeUse,
    SentCode,
    ThrottleKey,
    Verification,
    Visitor,
    WindowCode,
)
from idp.records.recoveries import Recovery, RecoveryStep

__all__ = [
    "NO_CLAIMS",
    "POLLED",
    "PROVEN",
    "Account",
    "AccountRecord",
    "Authenticator",
    "AuthenticatorKind",
    "Case",
    "Channel",
    "ClaimNames",
    "Client",
    "ClientAuthentication",
    "ClientSecret",
    "Closing",
    "Code",
    "CodeUse",
    "Consent",
    "Decision",
    "DeviceRequest",
    "DirectoryPerson",
    "DirectorySettings",
    "DirectoryState",
    "EventDelivery",
    "EventOutcome",
    "EventStream",
    "Foreseen",
    "Grant",
    "Heir",
    "Invitation",
    "KeptForm",
    "Lock",
    "Login",
    "LogoutBacklog",
    "LogoutDelivery",
    "LogoutOutcome",
    "Mandate",
    "MandateOffer",
    "Notice",
    "Proposal",
    "PushedRequest",
    "Recovery",
    "RecoveryStep",
    "RefreshFamily",
    "RefreshToken",
    "Representative",
    "SentCode",
    "Session",
    "SigningAlgorithm",
    "SigningKey",
    "StaffEntry",
    "Stage",
    "StreamSaid",
    "StreamStatus",
    "SubjectType",
    "Switch",
    "ThrottleKey",
    "Transaction",
    "Use",
    "Verification",
    "Visitor",
    "WindowCode",
    "read_claim_names",
]
