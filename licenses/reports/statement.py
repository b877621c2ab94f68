"""A verdict as this node's signed statement: a token (JWS) that says of which file, when, and what; and believing another node's.

It says nothing that the verdict does not. It holds for its moment: what becomes of the licence afterwards is another question.

Left to others: signing and reading tokens (``pki.jose``), whose token it is (``crosscert.trust``).
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from crosscert.records import VerifiedToken
from kernel.clock import timestamp
from kernel.errors import Refusal
from licenses.errors import STATEMENT_OTHER_FILE
from licenses.ports import LicenseDeps
from licenses.verdict import Verdict
from pki import jose
from pki.roles import get_chain, get_credential

TYPE = "license-verification+jwt"
MEDIA_TYPE = "application/jose"
_SUBJECT = "sha256:"


def make_statement(deps: LicenseDeps, pdf: bytes, verdict: Verdict, at: datetime) -> str:
    """Return the compact JWS that says what was found of ``pdf`` at the moment ``at``; its signer's certificates are in it (x5c)."""
    claims = {
        "iss": deps.node.url,
        "iat": timestamp(at),
        "sub": _SUBJECT + hashlib.sha256(pdf).hexdigest(),
        "bytes": len(pdf),
        "verdict": verdict.as_json(),
    }
    signer = get_credential(deps.pki, "node_signer")
    key = jose.signing_key(signer.key)
    return jose.sign(claims, key, kid=key.kid, alg=key.alg, typ=TYPE, x5c=get_chain(deps.pki, signer))


def verify_statement(deps: LicenseDeps, jws: str | bytes, at: datetime, *, pdf: bytes | None = None) -> VerifiedToken:
    """Return what a node stated: signed by its own signer, which a path from this node's anchor proves. ``pdf``: about this very file.

    ``Refusal`` when it is not so. Whose statement it is, is the token's ``node``.
    """
    found = deps.trust.verify_signed(jws, TYPE, at, require=("iss", "iat", "sub", "verdict"))
    if pdf is not None and found.claims["sub"] != _SUBJECT + hashlib.sha256(pdf).hexdigest():
        raise Refusal(STATEMENT_OTHER_FILE, field="file")
    return found
