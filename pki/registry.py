"""What this node has issued, by the serial as an operator may write it.

Left to others: issuing (``issuance``), revoking (``revocation``).
"""

from __future__ import annotations

from kernel.errors import Refusal
from pki.errors import CERTIFICATE_UNKNOWN
from pki.ports import PkiDeps
from pki.records import CertificateRecord


def get_certificate(deps: PkiDeps, serial: str) -> CertificateRecord:
    """Return the certificate with this serial (hexadecimal); ``Refusal(certificate_unknown)`` when this node issued none."""
    with deps.work.read() as work:
        record = work.records.find_certificate(normal_serial(serial))
    if record is None:
        raise Refusal(CERTIFICATE_UNKNOWN, field="serial", serial=serial)
    return record


def normal_serial(serial: str) -> str:
    """Return a serial as an operator may write it (upper case, colons) in the form in which it is stored."""
    return serial.replace(":", "").lower().lstrip("0")
