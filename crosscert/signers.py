"""Which certificate a token means: one that it carries (x5c), or one that is known by the digest that it names (x5t#S256).

Nodes' documents carry theirs. ID and access tokens name it only: libraries that departments use refuse headers of more than 512
octets. A node's description tells of its own, which ``federation.sync`` keeps.

Nothing is believed here: whatever is found must be proven by a path. Left to others: that (``trust``), certifying keys (``idp``).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from crosscert.description_format import MAX_TOKEN_SIGNERS
from crosscert.errors import SIGNER_UNSUITABLE, TOKEN_SIGNER_UNKNOWN
from crosscert.paths.certificates import ParsedCertificate, parse_certificate
from crosscert.ports import CrosscertDeps
from kernel.errors import Refusal
from pki import jose
from pki.records import CertificateRecord

PROFILE = "token_signer"
_MAX_CHAIN = 5
_THUMBPRINT_OCTETS = 32
_KEPT = 1000


def own_signers(deps: CrosscertDeps, at: datetime) -> Sequence[CertificateRecord]:
    """Return the certificates of this node's keys for tokens that others may meet, those that last longest if there are too many."""
    with deps.pki.work.read() as work:
        found = work.records.certificates(profile=PROFILE)
    live = [record for record in found if record.revoked_at is None and record.not_after > at]
    return sorted(live, key=lambda record: (record.not_after, record.serial))[-MAX_TOKEN_SIGNERS:]


def certificates_of(deps: CrosscertDeps, header: Mapping[str, Any]) -> list[ParsedCertificate]:
    """Return the certificates that a token's header means, the signer's first; ``Refusal`` when that cannot be told."""
    return [_known(deps, header.get(jose.THUMBPRINT))] if header.get("x5c") is None else read_x5c(header)


def read_x5c(header: Mapping[str, Any]) -> list[ParsedCertificate]:
    """Return the certificates that a token's header carries, the signer's first; ``Refusal`` when it carries none well (RFC 7515 4.1.6)."""
    found = header.get("x5c")
    if not isinstance(found, list) or not 0 < len(found) <= _MAX_CHAIN or not all(isinstance(one, str) for one in found):
        raise Refusal(SIGNER_UNSUITABLE, field="x5c", problem=f"1 to {_MAX_CHAIN} certificates in x5c")
    try:
        return [parse_certificate(base64.b64decode(one, validate=True)) for one in found]
    except (binascii.Error, ValueError):
        raise Refusal(SIGNER_UNSUITABLE, field="x5c", problem="base64") from None


def check_thumbprint(header: Mapping[str, Any], signer: ParsedCertificate) -> None:
    """Refuse a header whose x5t#S256 is another certificate's (RFC 7515 4.1.8)."""
    own = jose.thumbprint_of(signer.der)
    if header.get(jose.THUMBPRINT, own) != own:
        raise Refusal(SIGNER_UNSUITABLE, field=jose.THUMBPRINT, problem="x5t#S256 is another certificate's")


def _known(deps: CrosscertDeps, thumbprint: object) -> ParsedCertificate:
    """Return the certificate of this node or a known one that has this digest. What is found never changes, so it is kept."""
    digest = _digest(thumbprint)
    kept: dict[str, ParsedCertificate] = deps.kept.setdefault("token_signers", {})
    found = kept.get(digest)
    if found is None:
        der = _find(deps, digest)
        if der is None:
            raise Refusal(TOKEN_SIGNER_UNKNOWN, field=jose.THUMBPRINT)
        found = parse_certificate(der)
        while len(kept) >= _KEPT:
            kept.pop(next(iter(kept)), None)
        kept[digest] = found
    return found


def _find(deps: CrosscertDeps, digest: str) -> bytes | None:
    with deps.work.read() as work:
        stored = work.records.find_certificate(digest)
    if stored is not None:
        return stored.der
    with deps.pki.work.read() as pki:
        own = pki.records.find_by_digest(digest)
    return None if own is None else own.der


def _digest(thumbprint: object) -> str:
    """Return a thumbprint as hexadecimal; ``Refusal`` when it is none, in its one spelling."""
    if isinstance(thumbprint, str):
        try:
            octets = base64.b64decode(f"{thumbprint}=", altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            octets = b""
        if len(octets) == _THUMBPRINT_OCTETS:
            return octets.hex()
    raise Refusal(SIGNER_UNSUITABLE, field=jose.THUMBPRINT, problem="neither x5c nor x5t#S256")
