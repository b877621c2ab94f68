"""A certificate as it is enrolled: found by its digest, with what a login with it comes to and when it is over. Nothing else of it is kept.

Left to others: whether it is any good (``certificates``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from idp.records import Authenticator
from kernel.canonical import canonical
from kernel.clock import from_micros, to_micros


@dataclass(frozen=True, slots=True)
class StoredCertificate:
    """The ``amr`` that its rule gave it when it was enrolled, and its end."""

    methods: tuple[str, ...]
    until: datetime

    def dump(self) -> bytes:
        """Return the stored form, version 1."""
        return canonical({"v": 1, "amr": list(self.methods), "until": to_micros(self.until)})


def load(authenticator: Authenticator) -> StoredCertificate:
    """Return the certificate that an authenticator stands for."""
    values = json.loads(authenticator.secret)
    return StoredCertificate(tuple(values["amr"]), from_micros(values["until"]))


def standing(authenticators: Iterable[Authenticator], at: datetime) -> tuple[StoredCertificate, ...]:
    """Return the enrolled certificates that are not over."""
    found = (load(one) for one in authenticators if one.kind == "certificate")
    return tuple(one for one in found if at < one.until)


def lookup(certificate: x509.Certificate) -> bytes:
    """Return what a certificate is found under: its SHA-256."""
    return certificate.fingerprint(hashes.SHA256())
