"""The room's tables, a file for each kind."""

from __future__ import annotations

from idp.storage.tables.administration import proposals
from idp.storage.tables.authenticators import challenges, code_uses, recovery_codes, sent_codes
from idp.storage.tables.clients import assertions, clients, consents, invitations, origins, resources, secret_uses
from idp.storage.tables.closings import closings
from idp.storage.tables.columns import metadata
from idp.storage.tables.devices import device_requests
from idp.storage.tables.directories import directories, directory_people
from idp.storage.tables.events import event_deliveries, event_streams, muted_events
from idp.storage.tables.grants import codes, grants, proofs, refresh_tokens, revoked_tokens, signing_keys
from idp.storage.tables.kept_forms import kept_forms
from idp.storage.tables.logins import pushed_requests, session_clients, sessions, transactions
from idp.storage.tables.logout import logout_deliveries
from idp.storage.tables.mandates import mandate_offers, mandates, representatives
from idp.storage.tables.notices import cases, devices, logins, notices, switches
from idp.storage.tables.people import accounts, authenticators, tries, verifications, window_codes
from idp.storage.tables.recoveries import recoveries

__all__ = [
    "accounts",
    "assertions",
    "authenticators",
    "cases",
    "challenges",
    "clients",
    "closings",
    "code_uses",
    "codes",
    "consents",
    "device_requests",
    "devices",
    "directories",
    "directory_people",
    "event_deliveries",
    "event_streams",
    "grants",
    "invitations",
    "kept_forms",
    "logins",
    "logout_deliveries",
    "mandate_offers",
    "mandates",
    "metadata",
    "muted_events",
    "notices",
    "origins",
    "proofs",
    "proposals",
    "pushed_requests",
    "recoveries",
    "recovery_codes",
    "refresh_tokens",
    "representatives",
    "resources",
    "revoked_tokens",
    "secret_uses",
    "sent_codes",
    "session_clients",
    "sessions",
    "signing_keys",
    "switches",
    "transactions",
    "tries",
    "verifications",
    "window_codes",
]
