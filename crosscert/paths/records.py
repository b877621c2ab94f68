"""What the path engine takes and gives: a request, and a verdict with its reason.

Left to others: the words of a reason (``explain``), how long it may take (``deadline``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from kernel.canonical import Json
from kernel.errors import Text

if TYPE_CHECKING:
    from cryptography import x509

    from crosscert.paths.certificates import ParsedCertificate

ANY_POLICY = "2.5.29.32.0"


@dataclass(frozen=True, slots=True)
class PathRequest:
    """What is asked of a path (RFC 5280 6.1.1).

    ``at`` is the moment of judgement. ``policies`` are the OIDs that are acceptable, in the anchor's domain; empty means any.
    ``explicit_policy`` demands that one of them holds to the end.
    """

    at: datetime
    policies: frozenset[str] = frozenset()
    explicit_policy: bool = True
    inhibit_policy_mapping: bool = False
    inhibit_any_policy: bool = False
    check_revocation: bool = True
    budget_seconds: float = 2.0


@dataclass(frozen=True, slots=True)
class Reason:
    """Why there is no valid path: a stable code, words, and the certificate at which it failed, if it was one.

    ``details`` is what the words were filled with: of ``certificate_revoked`` the ``moment`` (RFC 3339) and ``why``.
    """

    code: str
    message: Text
    certificate: ParsedCertificate | None = None
    details: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Json]:
        """Return the wire form."""
        return {
            "code": self.code,
            "message": self.message.as_json(),
            "certificate": None if self.certificate is None else self.certificate.as_json(),
        }


@dataclass(frozen=True, slots=True)
class PathVerdict:
    """Whether a certificate is trusted, by which path (anchor first) and under which of the wanted policies; or why not.

    When it is not valid ``certificates`` is the path that came closest, or, when nothing leads to the anchor, what leads upward from the
    target as far as it goes; empty only when time was up before there was any.
    """

    valid: bool
    certificates: tuple[ParsedCertificate, ...] = ()
    policies: tuple[str, ...] = ()
    reason: Reason | None = None

    @property
    def path(self) -> tuple[x509.Certificate, ...]:
        """The path as certificates of the cryptography library."""
        return tuple(certificate.x509 for certificate in self.certificates)

    def as_json(self) -> dict[str, Json]:
        """Return the contract's form (``chaoxin path --json``)."""
        return {
            "valid": self.valid,
            "path": [certificate.as_json() for certificate in self.certificates],
            "policies": list(self.policies),
            "reason": None if self.reason is None else self.reason.as_json(),
        }
