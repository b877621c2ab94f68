"""A mandate's signed form: what the organisation gave, as a token of this node that outlives the key's place in the key set.

It is signed when the mandate is given and never again, and what is stored is held against it each time that the mandate is used: whoever
changes a row of the database gains nothing. Its parties stand in it by names that mean something in this one record only; of the agent it
tells the name, because a department has a right to know who stands before it.

Left to others: giving and revoking (``mandates``), who may read it (``tokens.mandate_check``).
"""

from __future__ import annotations

from typing import Any

from idp.claims.subjects import party_of
from idp.enterprises.errors import MANDATE_ALTERED
from idp.ports import IdpDeps
from idp.records import Account, Mandate
from idp.signing_keys import get_signing_key, keyring
from kernel.clock import timestamp
from kernel.errors import Misuse, Refusal
from pki import jose
from pki.jwk import ALGORITHMS

TYPE = "mandate+jwt"
ADDRESS = "/api/v1/mandates/"
"""Where a department asks how a mandate stands; its identifier follows."""

_VERSION = 1


def sign(deps: IdpDeps, mandate: Mandate, organization: Account, agent: Account) -> bytes:
    """Return the signed form of a mandate, encrypted as it is stored."""
    claims = _claims(deps, mandate) | {
        "organization": {"name": organization.name, "uscc": organization.uscc},
        "agent": {"name": agent.name},
    }
    key = get_signing_key(deps, deps.policies.tokens.signing_algorithms[0])
    return deps.vault.encrypt(jose.sign(claims, key, kid=key.kid, alg=key.alg, typ=TYPE), _context(mandate.id))


def read(deps: IdpDeps, mandate: Mandate) -> str:
    """Return the signed form as it was signed."""
    if not mandate.document:  # the account of one of its parties was closed
        raise Refusal(MANDATE_ALTERED)
    try:
        return deps.vault.decrypt(mandate.document, _context(mandate.id))
    except Misuse:
        raise Refusal(MANDATE_ALTERED) from None


def verify(deps: IdpDeps, mandate: Mandate) -> jose.Claims:
    """Return what was signed, once it says the same as what is stored; ``Refusal(mandate_altered)``."""
    document, ring = read(deps, mandate), keyring(deps)
    kept = ring.verified.get(document)
    claims = kept if isinstance(kept, dict) else _verify(deps, mandate, document)
    ring.verified.put(document, claims)
    if any(claims.get(name) != value for name, value in _claims(deps, mandate).items()):
        raise Refusal(MANDATE_ALTERED)
    return claims


def certificates_of(deps: IdpDeps, document: str) -> list[str]:
    """Return the certificates of the key that signed a document (base64 of DER, its own first)."""
    known = keyring(deps).every.get(str(jose.unverified_header(document).get("kid")))
    return [] if known is None else list(known["x5c"])


def _verify(deps: IdpDeps, mandate: Mandate, document: str) -> jose.Claims:
    known = keyring(deps).every.get(str(jose.unverified_header(document).get("kid")))
    if known is None:  # the certificate was revoked: anybody may hold the key
        raise Refusal(MANDATE_ALTERED)
    try:
        return jose.verify(
            document,
            jose.parse_jwk(known),
            algorithms=ALGORITHMS,
            typ=TYPE,
            audience=None,
            issuer=deps.issuer,
            now=max(mandate.valid_from, mandate.created_at),  # whether it is in force now is the row's to say
            require=("iss", "jti", "iat", "nbf", "exp", "sub"),
        )
    except Refusal:
        raise Refusal(MANDATE_ALTERED) from None


def _claims(deps: IdpDeps, mandate: Mandate) -> dict[str, Any]:
    """Return what both the signed form and the stored one say."""
    return {
        "version": _VERSION,
        "iss": deps.issuer,
        "jti": mandate.id,
        "sub": party_of(deps, mandate.id, mandate.organization_id),
        "act": {"sub": party_of(deps, mandate.id, mandate.agent_id)},
        "iat": timestamp(mandate.created_at),
        "nbf": timestamp(mandate.valid_from),
        "exp": timestamp(mandate.valid_until),
        "departments": list(mandate.departments),
        "powers": list(mandate.powers),
        "status": f"{deps.issuer}{ADDRESS}{mandate.id}",
    }


def _context(mandate_id: str) -> str:
    return f"idp.mandate:{mandate_id}"
