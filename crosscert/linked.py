"""Which keys are one principal CA's: after a rollover the old key and the new one certify each other (RFC 4210 4.4).

One direction proves nothing: whoever has a key can certify anybody's. Both together are the consent of both.
Left to others: making links (``pki.rollover``), paths through them (``paths``).
"""

from __future__ import annotations

from collections.abc import Iterable

from crosscert.paths.certificates import ParsedCertificate, is_signed_by
from crosscert.paths.index import fits


def linked_keys(key: str, links: Iterable[ParsedCertificate]) -> set[str]:
    """Return ``key`` (SHA-256 of a public key info, hex) and every key that ``links`` show to be of the same CA."""
    all_links = [link for link in links if link.self_issued]
    signed = {
        (signer.key.hex(), link.key.hex())
        for link in all_links
        for signer in all_links
        if link.issuer == signer.subject and fits(link, signer) and is_signed_by(link, signer)
    }
    found, waiting = {key}, [key]
    while waiting:
        one = waiting.pop()
        more = {new for old, new in signed if old == one and (new, old) in signed} - found
        found |= more
        waiting += more
    return found
