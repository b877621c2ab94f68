"""Looks at what the node is about to sign as an outsider would: read by a parser of its own and held against RFC 5280 and the policies.

What is looked at was signed by a throwaway key (``pki.issuance``), so that a fault is found before it is worth anything. The same checks
go over what was issued already (``pki.review``), with the rules of that day.

Left to others: refusing and recording (``issuance``, ``review``), other people's certificates (``crosscert.paths``).
"""

from __future__ import annotations

from pki.lint.certificates import check_certificate, find_faults
from pki.lint.parts import Fault, Wanted
from pki.lint.statuses import check_crl, check_ocsp

__all__ = ["Fault", "Wanted", "check_certificate", "check_crl", "check_ocsp", "find_faults"]
