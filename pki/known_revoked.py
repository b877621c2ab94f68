"""One certificate that the node revoked on purpose, so that others can see that its lists and its OCSP responder say so.

Nobody has its key, which is thrown away. Whoever calls it good is in trouble. Left to others: telling its serial (``crosscert``), looking
(``crosscert.federation.probes``).
"""

from __future__ import annotations

from contextlib import suppress

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from kernel.errors import Refusal
from pki import authority
from pki.keyfiles import generate
from pki.ports import PkiDeps
from pki.records import CertificateRecord, RoleRecord
from pki.roles import get_credential, parsed

ROLE = "known_revoked"
_PROFILE = "tls_client"


def ensure(deps: PkiDeps) -> None:
    """Make the certificate and revoke it, once for each issuing CA; what an interrupted run began is finished."""
    record = _find(deps)
    issuing = get_credential(deps, "issuing").certificate
    if record is None or not _is_by(parsed(deps, record), issuing):
        before = None if record is None else record.serial
        # 1. The certificate, for a key that nobody keeps.
        names = (*deps.node.names, ("CN", f"{deps.node.name}吊销探针"))
        made = authority.issue(deps, _PROFILE, names, generate("P-256").public_key())
        # 2. That this is the one, before it is revoked: what is not noted would stand unrevoked for ever.
        with deps.work.begin() as work:
            if not work.records.assign_role(RoleRecord(ROLE, "-", made.serial), instead_of=before):
                return  # another process made one at the same moment; it revokes that, and nobody has the key of this
        record = made
    # 3. The revocation.
    if record.revoked_at is None:
        with suppress(Refusal):
            authority.revoke(deps, record.serial, "cessation_of_operation", deps.clock.now())


def find_serial(deps: PkiDeps) -> str | None:
    """Return the serial (hexadecimal) of the certificate once it is revoked."""
    record = _find(deps)
    return None if record is None or record.revoked_at is None else record.serial


def _find(deps: PkiDeps) -> CertificateRecord | None:
    with deps.work.read() as work:
        assigned = work.records.find_role(ROLE)
        return None if assigned is None else work.records.find_certificate(assigned.serial)


def _is_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True
