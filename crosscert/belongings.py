"""Which of the certificates that a node's description names are its own to tell of: its CAs, links, what its root certified, token signers.

Only these are kept as that node's. What is another's would be counted among the wrong node's, and be missing among the right one's; and
there would be no end of it. Left to others: believing any of them (``paths``), keeping them (``federation.sync``, ``agreements``).
"""

from __future__ import annotations

from collections.abc import Iterator

from crosscert.description_format import UnverifiedDescription
from crosscert.linked import linked_keys
from crosscert.paths.certificates import ParsedCertificate, is_signed_by
from crosscert.paths.index import fits
from crosscert.records import CertificateKind


def own_certificates(description: UnverifiedDescription) -> Iterator[tuple[CertificateKind, ParsedCertificate]]:
    """Yield each with its kind; what the principal CA (or its key before or after a rollover) did not sign is left out."""
    principal = description.principal
    keys = linked_keys(principal.key.hex(), description.links)
    links = [each for each in description.links if each.subject == principal.subject and each.key.hex() in keys]
    roots = (principal, *links)

    def is_own(certificate: ParsedCertificate) -> bool:
        return any(
            certificate.issuer == root.subject and fits(certificate, root) and is_signed_by(certificate, root) for root in roots
        )

    kinds: tuple[tuple[CertificateKind, tuple[ParsedCertificate, ...]], ...] = (
        ("issuing", description.issuing),
        ("link", tuple(links)),
        ("cross", description.issued),
    )
    yield "principal", principal
    for kind, certificates in kinds:
        yield from ((kind, each) for each in certificates if is_own(each))
    # Of whichever of its issuing CAs: they are found by digest, whoever told of them. A CA among them would be missing for paths.
    yield from (("token_signer", each) for each in description.token_signers if not each.is_ca)
