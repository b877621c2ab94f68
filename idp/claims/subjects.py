"""Who a person is to a client: the one place where an account becomes a ``sub`` (OpenID Connect Core 8).

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
    key = deps.kept.get("pairwise_key")
    if key is None:
        key = deps.kept["pairwise_key"] = deps.keys.secret("idp-pairwise")
    digest = hmac.digest(key, f"pairwise sub\0{sector_of(client)}\0{account_id}".encode(), "sha256")
    return SUBJECT_PREFIX + encode_base64url(digest[:_OCTETS])
