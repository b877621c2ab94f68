"""A verdict as this node's signed statement: a token (JWS) that says of which file, when, and what; and believing another node's.

It says nothing that the verdict does not. It holds for its moment: what becomes of the licence afterwards is another question.

Left to others: signing and reading tokens (``pki.jose``), whose token it is (``crosscert.trust``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from crosscert.records import VerifiedToken
from kernel.errors import Refusal
from licenses.errors import REPORT_ELSEWHERE, STATEMENT_OTHER_FILE
from licenses.ports import LicenseDeps
from licenses.report_data import SUBJECT, claims_of
from licenses.verdict import Verdict
from pki import jose
from pki.roles import get_chain, get_credential

TYPE = "license-verification+jwt"
MEDIA_TYPE = "application/jose"


def make_statement(deps: LicenseDeps, pdf: bytes, verdict: Verdict, at: datetime) -> str:
    """Return the compact JWS that says what was found of ``pdf`` at the moment ``at``; its signer's certificates are in it (x5c)."""
    signer = get_credential(deps.pki, "node_signer")
    key = jose.signing_key(signer.key)
    return jose.sign(
        claims_of(deps.node, pdf, verdict, at), key, kid=key.kid, alg=key.alg, typ=TYPE, x5c=get_chain(deps.pki, signer)
    )


def own_claims(deps: LicenseDeps, jws: str, at: datetime) -> Mapping[str, Any]:
    """Return what this node stated; ``Refusal`` (``report_elsewhere``) when it is another's, or was not signed by anybody."""
    try:
        found = verify_statement(deps, jws, at)
    except Refusal as refusal:
        raise Refusal(REPORT_ELSEWHERE, field="statement") from refusal
    if found.node.code != deps.node.code:
        raise Refusal(REPORT_ELSEWHERE, field="statement")
    return found.claims


def verify_statement(deps: LicenseDeps, jws: str | bytes, at: datetime, *, pdf: bytes | None = None) -> VerifiedToken:
    """Return what a node stated: signed by its own signer, which a path from this node's anchor proves. ``pdf``: about this very file.

    ``Refusal`` when it is not so. Whose statement it is, is the token's ``node``.
    """
    found = deps.trust.verify_signed(jws, TYPE, at, require=("iss", "iat", "sub", "verdict"))
    if pdf is not None and found.claims["sub"] != SUBJECT + hashlib.sha256(pdf).hexdigest():
        raise Refusal(STATEMENT_OTHER_FILE, field="file")
    return found
