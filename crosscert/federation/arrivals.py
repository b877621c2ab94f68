"""Takes in a revocation list that somebody sends: only one that a CA of a known node signed, only a newer one, and nothing is asked of anybody.

Who sends it does not matter, since the signature is what counts; the same list again is no news and no fault. Left to others: how often one
address may send (``views``), sending (``push``), fetching (``sync``).
"""

from __future__ import annotations

from dataclasses import dataclass

from crosscert.errors import CRL_ISSUER_UNKNOWN, CRL_UNREADABLE
from crosscert.federation.intake import store_crls, take_crl
from crosscert.paths.certificates import parse_certificate
from crosscert.paths.crls import find_signer, parse_crl
from crosscert.ports import CrosscertDeps
from crosscert.records import CertificateKind
from kernel.audit import AuditEvent
from kernel.errors import Refusal

PATH = "/crosscert/crls"
CONTENT_TYPE = "application/pkix-crl"
MAX_BYTES = 1024 * 1024
"""A list of CA certificates is small; whatever is larger is fetched."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A list that stands in the archive now; ``news`` when it was not there before."""

    node_code: str
    number: int
    news: bool


def take_in(deps: CrosscertDeps, der: bytes, *, sender: str) -> Arrival:
    """Verify the list and archive it; ``Refusal`` when it is unreadable, of no known CA, or older than the one that is held.

    An unknown issuer and a wrong signature are one refusal: whom this node knows is not to be found out here.
    """
    if len(der) > MAX_BYTES:
        raise Refusal(CRL_UNREADABLE, problem=f"{len(der)} > {MAX_BYTES} bytes")
    found = parse_crl(der)
    with deps.work.read() as work:
        stored = [each for kind in _KINDS for each in work.records.certificates(kind=kind)]
    issuers = {
        certificate: each.node_code for each in stored if (certificate := parse_certificate(each.der)).subject == found.issuer
    }
    issuer = find_signer(found, issuers)
    if issuer is None:
        raise Refusal(CRL_ISSUER_UNKNOWN)
    now = deps.clock.now()
    taken = take_crl(found, [issuer], now)
    code = issuers[issuer]
    with deps.work.begin() as work:
        news = store_crls(work.records, code, [taken], now)
        if news:
            work.records.raise_generation()
            details = {"number": str(found.number), "sha256": found.sha256, "sender": sender}
            work.audit.record(AuditEvent(now, "system", "crosscert.take_crl", f"node:{code}", details=details))
    return Arrival(code, found.number or 0, news)


_KINDS: tuple[CertificateKind, ...] = ("principal", "issuing")
