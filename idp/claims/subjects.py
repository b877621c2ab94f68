"""Who a person is to a client, and which session: where an account becomes a ``sub`` (OpenID Connect Core 8), a session a ``sid``.

Public: the account's own identifier. Pairwise: a keyed digest of account and sector, so that two departments that compare their
records cannot tell that they know the same person. Both look alike and begin so that no client_id can be taken for one.
"""

from __future__ import annotations

import hmac

from idp.clients.sectors import sector_of
from idp.people.accounts import SUBJECT_PREFIX
from idp.ports import IdpDeps
from idp.records import Client
from pki.strict_json import encode_base64url

_OCTETS = 16  # as an account's own


def subject_of(deps: IdpDeps, client: Client, account_id: str) -> str:
    """Return the ``sub`` by which ``client`` knows an account, always the same one."""
    if client.subject_type == "public":
        return account_id
    return SUBJECT_PREFIX + _digest(deps, "sub", sector_of(client), account_id)


def party_of(deps: IdpDeps, mandate_id: str, account_id: str) -> str:
    """Return the name of an account in one mandate's record: the same nowhere else, so that it tells nothing but whose record it is."""
    return SUBJECT_PREFIX + _digest(deps, "mandate", mandate_id, account_id)


def sid_of(deps: IdpDeps, client: Client, session_id: str) -> str:
    """Return the ``sid`` by which ``client`` knows a session; clients that know people pairwise cannot compare it either."""
    return session_id if client.subject_type == "public" else _digest(deps, "sid", client.client_id, session_id)


def _digest(deps: IdpDeps, what: str, whose: str, identifier: str) -> str:
    key = deps.kept.get("pairwise_key")
    if key is None:
        key = deps.kept["pairwise_key"] = deps.keys.secret("idp-pairwise")
    digest = hmac.digest(key, f"pairwise {what}\0{whose}\0{identifier}".encode(), "sha256")
    return encode_base64url(digest[:_OCTETS])
