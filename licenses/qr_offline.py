"""A QR code verified by files alone: an anchor, and the status list of the node that issued. No node, no database, no connection.

The list's signer needs a path from the anchor, through the certificates that the list brings along and any that are given. Without
revocation lists nobody says whether that signer was revoked since; the age of the list bounds for how long that matters.
Left to others: the judgement (``qr_check``), reading files (``service.cli``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from crosscert.paths.certificates import ParsedCertificate
from crosscert.paths.crls import CrlSet
from crosscert.paths.find import find_path
from crosscert.paths.index import Pool
from crosscert.paths.records import PathRequest
from crosscert.signers import check_thumbprint, read_x5c
from crosscert.trust import MAX_TOKEN_BYTES, check_signer, public_key_of
from kernel.errors import Refusal
from kernel.nodes import Node
from licenses import qr, status
from licenses.errors import QR_LIST_ELSEWHERE, QR_LIST_UNTRUSTED, STATUS_LIST_INVALID
from licenses.qr_check import QrVerdict, judge, voucher_of_list
from pki import jose

_ALGORITHMS = ("ES256", "RS256")


def check_by_files(
    text: str, token: bytes, anchors: Sequence[ParsedCertificate], certificates: Iterable[ParsedCertificate], at: datetime
) -> QrVerdict:
    """Return what the code ``text`` is worth at ``at`` by the status list ``token``; ``Refusal`` when that is not to be believed."""
    found, token = qr.parse(text), token.strip()
    header = jose.unverified_header(token, max_bytes=MAX_TOKEN_BYTES)
    signer, *chain = read_x5c(header)
    check_thumbprint(header, signer)
    made_at = _made_at(token)
    _check_trusted(signer, anchors, [*chain, *certificates], made_at)
    # The list is judged by the moment at which it was made: how old it has become since is part of the verdict.
    claims = jose.verify(
        token,
        public_key_of(signer),
        algorithms=_ALGORITHMS,
        typ=status.TOKEN_TYPE,
        audience=None,
        issuer=None,
        now=made_at,
        max_bytes=MAX_TOKEN_BYTES,
        require=("iss", "iat", "exp"),
    )
    node_url = claims["iss"]
    if not text.startswith(f"{node_url}{qr.PAGE}#"):
        raise Refusal(QR_LIST_ELSEWHERE, node=node_url)
    voucher = voucher_of_list(claims, node_url)
    return judge(found, voucher, at)


def _made_at(token: bytes) -> datetime:
    """Return when the list says that it was made, not verified yet; ``Refusal`` for a moment that no calendar has."""
    made_at = jose.unverified_claims(token, max_bytes=MAX_TOKEN_BYTES).get("iat")
    try:
        if type(made_at) is int:
            return datetime.fromtimestamp(made_at, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise Refusal(STATUS_LIST_INVALID, problem="iat")


def _check_trusted(
    signer: ParsedCertificate, anchors: Sequence[ParsedCertificate], certificates: Sequence[ParsedCertificate], at: datetime
) -> None:
    """Refuse a signer without a path from one of the anchors, or one that is no node's own signer."""
    for anchor in anchors:
        pool = Pool([anchor, signer, *certificates])
        verdict = find_path(signer, anchor, pool, CrlSet([]), PathRequest(at, check_revocation=False))
        if verdict.valid:
            issuer = verdict.certificates[-2]
            names = [(part["type"].native, part["value"].native) for rdn in issuer.asn1.subject.chosen for part in rdn]
            check_signer(signer, Node("", "", "county", "", tuple(names[:-1])))
            return
    raise Refusal(QR_LIST_UNTRUSTED)
