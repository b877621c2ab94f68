"""The plan that an agreement's approvals are bound to. Left to others: computing it."""

from __future__ import annotations

from crosscert.paths.certificates import parse_certificate
from crosscert.ports import CrosscertDeps
from crosscert.records import Agreement
from kernel.canonical import digest as canonical_digest


def digest(deps: CrosscertDeps, agreement: Agreement) -> str:
    """Return the digest (hex) of what the agreement would make valid today."""
    del deps
    return canonical_digest({"principal": parse_certificate(agreement.principal).sha256}).hex()
