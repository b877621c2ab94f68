"""pkilint's validators of RFC 5280 as a judge that is not ours."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pkilint import loader
from pkilint.pkix import certificate, extension, name
from pkilint.validation import ValidationFindingSeverity


@lru_cache(maxsize=1)
def _validator() -> Any:
    return certificate.create_pkix_certificate_validator_container(
        certificate.create_decoding_validators(name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS),
        [
            certificate.create_issuer_validator_container([]),
            certificate.create_validity_validator_container(),
            certificate.create_subject_validator_container([]),
            certificate.create_extensions_validator_container([]),
            certificate.create_spki_validator_container([]),
        ],
    )


def findings(der: bytes) -> set[str]:
    """Return the codes of what pkilint finds at the level of a warning or above."""
    document = loader.RFC5280CertificateDocumentLoader().load_der_document(der, "certificate")
    results = _validator().validate(document.root)
    found = [finding.finding for result in results for finding in result.finding_descriptions]
    return {str(one.code) for one in found if one.severity <= ValidationFindingSeverity.WARNING}
