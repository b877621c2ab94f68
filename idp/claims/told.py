"""The part of what is known of a person that a department may have.

Left to others: the values (``values``), claims with evidence (``verified``), which claims a department may have at all
(``policies.claims``), where they are told (``userinfo``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from idp.claims.subjects import subject_of
from idp.claims.values import values
from idp.ports import IdpDeps
from idp.records import Account, ClaimNames, Client
from policies import claims


def released(
    deps: IdpDeps, client: Client, account: Account, scopes: Iterable[str], named: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return the claims about ``account`` that ``client`` gets for ``scopes`` and by name: the policies' choice, ``sub`` always."""
    registered = frozenset(client.scopes).intersection(scopes)  # now: it may be less than when the token was signed
    wanted = claims.released_claims(deps.policies.claims, client.department, registered)
    if named:  # Core 5.5: asked for and granted beside the scopes, so whoever narrows a token's scopes (RFC 6749 6) keeps them
        wanted |= obtainable(deps, client).intersection(named)
    return {"sub": subject_of(deps, client, account.id)} | told(account, wanted)


def told(account: Account, names: Iterable[str]) -> dict[str, Any]:
    """Return those of the named claims that the account has a value for (Core 5.3.2: others are left out)."""
    return told_of(values(account), names)


def told_of(known: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Do what :func:`told` does with the account's values."""
    return {name: known[name] for name in sorted(names) if known.get(name) is not None}


def obtainable(deps: IdpDeps, client: Client) -> frozenset[str]:
    """Return the claims that a client could have by asking for every scope that it is registered for."""
    return claims.released_claims(deps.policies.claims, client.department, client.scopes)


def allowed_names(deps: IdpDeps, client: Client, names: ClaimNames) -> ClaimNames:
    """Return the claims asked for by name that the client may have."""
    may = obtainable(deps, client)
    id_token, userinfo = (
        tuple(name for name in asked if name in may and name != "sub") for asked in (names.id_token, names.userinfo)
    )
    return replace(names, id_token=id_token, userinfo=userinfo)


def scopes_told(deps: IdpDeps, client: Client, scopes: tuple[str, ...], names: ClaimNames) -> tuple[str, ...]:
    """Return the scopes whose sentences say what is told: those asked for, and those of the claims asked for by name."""
    known = deps.policies.claims.scopes
    named = frozenset((*names.id_token, *names.userinfo))
    if not named:
        return tuple(dict.fromkeys(scopes))
    held = frozenset(claim for scope in scopes for claim in known[scope].claims)
    more = (scope for scope in client.scopes if (named - held).intersection(known[scope].claims))
    return tuple(dict.fromkeys((*scopes, *more)))
