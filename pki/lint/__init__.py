"""Looks at what the node is about to sign as an outsider would: read by a parser of its own and held against RFC 5280 and the policies.

Certificates and lists are looked at under the signature of a throwaway key (``pki.issuance``, ``pki.crl``), OCSP answers as the
octets that are then signed, so that a fault is found before it is worth anything. The same checks go over certificates that were
issued already (``pki.review``), with the rules of that day.

Left to others: refusing and recording (``issuance``, ``review``), other people's certificates (``crosscert.paths``).
"""

from __future__ import annotations

from pki.lint.answers import Meant, Speaker, check_answer, speaker_of
from pki.lint.certificates import check_certificate, find_faults
from pki.lint.parts import Fault, Wanted
from pki.lint.statuses import check_crl

__all__ = ["Fault", "Meant", "Speaker", "Wanted", "check_answer", "check_certificate", "check_crl", "find_faults", "speaker_of"]
