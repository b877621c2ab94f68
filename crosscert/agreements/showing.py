"""What of an agreement may be shown to whoever is to compare it with what the other side says. Left to others: comparing (``approving``)."""

from __future__ import annotations

from crosscert.paths.certificates import parse_certificate
from crosscert.records import Agreement


def shown_code(found: Agreement) -> str | None:
    """Return the code, but not to whoever is to type what the other side reads out: that would compare it with itself."""
    return None if found.kind != "asked" and found.state == "requested" else found.code


def shown_fingerprint(found: Agreement) -> str | None:
    """Return the root's SHA-256; not while somebody is to look it up where a CA outside publishes it."""
    return None if found.kind == "outside" and found.state == "requested" else parse_certificate(found.principal).sha256
