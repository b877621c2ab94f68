"""What is told about a person: the values of all claims, and the part of them that a department may have.

Left to others: which claims a department may have at all (``policies.claims``), where they are told (``userinfo``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from idp.ports import IdpDeps
from idp.records import Account, Client
from kernel.clock import timestamp
from policies import claims


def released(deps: IdpDeps, client: Client, account: Account, scopes: Iterable[str]) -> dict[str, Any]:
    """Return the claims about ``account`` that ``client`` gets for ``scopes``: the policies' choice, ``sub`` always."""
    wanted = claims.released_claims(deps.policies.claims, client.department, scopes)
    values = _values(account)
    return {"sub": account.id} | {name: values[name] for name in sorted(wanted) if values.get(name) is not None}


def _values(account: Account) -> dict[str, Any]:
    # An address or number that nobody has confirmed is told as such (Core 5.1); confirming them is not built yet.
    return {
        "sub": account.id,
        "name": account.name,
        "preferred_username": account.username,
        "locale": "zh-CN",
        "zoneinfo": "Asia/Shanghai",
        "updated_at": None if account.updated_at is None else timestamp(account.updated_at),
        "user_kind": account.kind,
        "real_name_level": account.real_name_level,
        "email": account.email,
        "email_verified": None if account.email is None else False,
        "phone_number": account.phone,
        "phone_number_verified": None if account.phone is None else False,
        "resident_id": account.resident_id,
        "uscc": account.uscc,
        "organization": account.organization,
        "department": account.department,
    }
