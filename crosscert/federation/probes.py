"""Looks at each peer from outside, as whoever relies on it would: lists in force, addresses that answer, a known-revoked serial, TLS.

What is found is stored and shown; no verdict depends on it. Only addresses below the peer's own are asked, those of its description and its
CA's certificates. Left to others: fetching what is held (``sync``), showing (``standings``), the OCSP answer (``ocsp_client``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from cryptography import x509
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from crosscert.description_format import UnverifiedDescription, parse
from crosscert.errors import PEER_UNFIT
from crosscert.federation import ocsp_client
from crosscert.federation.intake import take_crl
from crosscert.federation.together import Together
from crosscert.paths.certificates import is_signed_by, parse_certificate
from crosscert.paths.crls import parse_crl
from crosscert.ports import CrosscertDeps
from crosscert.records import Peer, ProbeResult, StoredCrl
from kernel.clock import monotonic
from kernel.errors import ChaoxinError, Refusal

RUN_SECONDS = 50.0
ASK_SECONDS = 5.0
PEER_SECONDS = 15.0
TLS_LEFT = timedelta(days=14)
_MAX_BYTES = 8 * 1024 * 1024

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Look:
    """One peer being looked at: what it last said of itself and what is held of it; ``end`` is when the time is up."""

    deps: CrosscertDeps
    peer: Peer
    description: UnverifiedDescription
    lists: Sequence[StoredCrl]
    at: datetime
    end: float

    def seconds(self) -> float:
        """Return how long the next question may take."""
        left = min(ASK_SECONDS, self.end - monotonic())
        if left <= 0:
            raise Refusal(PEER_UNFIT, what="answers", problem="too slow")
        return left

    def get(self, url: str) -> bytes:
        """Return what an address holds."""
        found = self.deps.fetch.get(url, below=self.peer.node.url, max_bytes=_MAX_BYTES, timeout=self.seconds())
        return found.data or b""


def probe_all(deps: CrosscertDeps) -> Sequence[ProbeResult]:
    """Look at every peer whose description is held, all at the same time; store and return what was found. Never raises."""
    with deps.work.read() as work:
        codes = [peer.node.code for peer in work.records.peers()]
    with Together(lambda code: _probe(deps, code), RUN_SECONDS) as run:
        run.begin(codes)
        return [result for results in run.results().values() for result in results]


def _probe(deps: CrosscertDeps, code: str) -> Sequence[ProbeResult]:
    with deps.work.read() as work:
        peer, held = work.records.find_peer(code), work.records.find_object(code, "description")
        lists = [found for found in work.records.crls() if found.node_code == code]
        before = {each.probe: each for each in work.records.probes(code)}
    if peer is None or held is None:
        return ()
    try:
        description = parse(held.data)
    except Refusal:  # kept under rules that have become stricter since; the next visit says so
        return ()
    at = deps.clock.now()
    look = _Look(deps, peer, description, lists, at, monotonic() + PEER_SECONDS)
    results = [result for name, ask in _PROBES if (result := _ask(look, name, ask, before.get(name))) is not None]
    with deps.work.begin() as work:
        for result in results:
            work.records.put_probe(result)
    return results


def _ask(look: _Look, name: str, ask: Callable[[_Look], str | None], before: ProbeResult | None) -> ProbeResult | None:
    code = look.peer.node.code
    try:
        ok, detail = True, ask(look)
    except ChaoxinError as error:
        ok, detail = False, f"{error.text.zh} {error.text.en}"
    except Exception as error:  # noqa: BLE001 - what cannot be looked at is not as it must be, whatever went wrong
        _log.exception("probe_failed", peer=code, probe=name)
        ok, detail = False, type(error).__name__
    if detail is None:
        return None
    since = before.since if before is not None and before.ok is ok else look.at
    return ProbeResult(code, name, ok, detail, look.at, since)


def _lists(look: _Look) -> str:
    """Ask that the lists that are held are in force, and that every CA of the peer has one."""
    issuers = {found.issuer_key for found in look.lists}
    if not {look.description.principal.key.hex(), *(each.key.hex() for each in look.description.issuing[:1])} <= issuers:
        raise Refusal(PEER_UNFIT, what="CRL", problem="a CA without a list")
    for found in look.lists:
        if found.next_update is None or found.next_update <= look.at:
            raise Refusal(PEER_UNFIT, what="CRL", problem=f"number {found.number} ended at {found.next_update}")
    return ", ".join(f"{int((look.at - found.this_update).total_seconds())} s" for found in look.lists)


def _known_revoked(look: _Look) -> str | None:
    """Ask that the serial that the peer says it revoked stands on its list."""
    serial = look.description.known_revoked
    if serial is None:
        return None
    issuing = look.description.issuing[0].key.hex()
    if not any(parse_crl(found.der).lists(serial) for found in look.lists if found.issuer_key == issuing):
        raise Refusal(PEER_UNFIT, what="CRL", problem=f"the revoked serial {serial:x} is not on it")
    return f"{serial:x}"


def _ocsp(look: _Look) -> str | None:
    """Ask that the responder calls that serial revoked."""
    serial, issuing = look.description.known_revoked, look.description.issuing[0].x509
    if serial is None:
        return None
    url = _access(issuing, AuthorityInformationAccessOID.OCSP) or look.peer.node.url + "/pki/ocsp"
    sent = ocsp_client.ask_about(issuing, serial)
    answer = look.deps.fetch.post(
        url,
        sent,
        ocsp_client.CONTENT_TYPE,
        below=look.peer.node.url,
        max_bytes=ocsp_client.MAX_ANSWER_BYTES,
        timeout=look.seconds(),
    )
    status = ocsp_client.read_answer(answer.data or b"", issuing, serial, look.at)
    if status is not ocsp.OCSPCertStatus.REVOKED:
        raise Refusal(PEER_UNFIT, what="OCSP", problem=f"the revoked serial {serial:x} is {status.name}")
    return url


def _addresses(look: _Look) -> str | None:
    """Ask that AIA of the issuing CA leads to the CA above it, CDP to a list that this one signed and that is in force."""
    issuing = look.description.issuing[0].x509
    authority = _access(issuing, AuthorityInformationAccessOID.CA_ISSUERS)
    points = [url for url in _distribution_points(issuing) if url]
    if authority is None or not points:
        raise Refusal(PEER_UNFIT, what="AIA/CDP", problem="none")
    issuer = parse_certificate(look.get(authority))
    if not is_signed_by(look.description.issuing[0], issuer):
        raise Refusal(PEER_UNFIT, what="AIA", problem=f"{authority}: another certificate")
    for url in points:
        taken = take_crl(parse_crl(look.get(url)), [issuer], look.at)
        if taken.crl.next_update is None or taken.crl.next_update <= look.at:
            raise Refusal(PEER_UNFIT, what="CDP", problem=f"{url}: ended at {taken.crl.next_update}")
    return ", ".join([authority, *points])


def _tls(look: _Look) -> str | None:
    """Ask, where it is https, that the certificate holds and lasts for a while."""
    url = look.peer.node.url
    if not url.startswith("https://"):
        return None
    until = look.deps.fetch.tls_until(url, timeout=look.seconds())
    if until - look.at < TLS_LEFT:
        raise Refusal(PEER_UNFIT, what="TLS", problem=f"its certificate ends at {until}")
    return f"{until}"


_PROBES: tuple[tuple[str, Callable[[_Look], str | None]], ...] = (
    ("lists", _lists),
    ("known_revoked", _known_revoked),
    ("ocsp", _ocsp),
    ("addresses", _addresses),
    ("tls", _tls),
)
"""What is looked at; None: it does not apply to this peer."""


def _access(certificate: x509.Certificate, method: x509.ObjectIdentifier) -> str | None:
    try:
        found = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return None
    return next((str(each.access_location.value) for each in found if each.access_method == method), None)


def _distribution_points(certificate: x509.Certificate) -> Sequence[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return ()
    return [str(name.value) for point in found for name in point.full_name or ()]
