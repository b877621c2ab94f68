"""The edges of the graph: every cross-certificate that is held, in both directions, with what it permits and how it stands.

Left to others: what is trusted over them (``reach``), the whole graph (``view``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from crosscert.errors import EDGE_UNKNOWN
from crosscert.graph.shadow import Key
from crosscert.material import Material
from crosscert.paths.certificates import ParsedCertificate, is_signed_by
from crosscert.paths.crls import find_signer
from crosscert.paths.names import rfc4514
from kernel.canonical import Json
from kernel.clock import rfc3339
from kernel.errors import Refusal

State: TypeAlias = Literal["good", "revoked", "expired", "unknown"]
"""``unknown``: no list of its issuer that is in force is held."""


@dataclass(frozen=True, slots=True)
class Edge:
    """A cross-certificate and the keys of both roots."""

    certificate: ParsedCertificate
    issuer: Key
    subject: Key
    state: State

    def as_json(self) -> dict[str, Json]:
        """Return the JSON form, without the places at its ends."""
        return {
            "certificate": self.certificate.as_json(),
            "constraints": constraints_json(self.certificate),
            "not_before": rfc3339(self.certificate.not_before),
            "not_after": rfc3339(self.certificate.not_after),
            "state": self.state,
        }


def edges(material: Material, at: datetime) -> Sequence[Edge]:
    """Return the cross-certificates that somebody known signed, each once."""
    found = []
    for certificate in dict.fromkeys(material.certificates):
        issuer = _issuer(material, certificate) if is_cross(certificate) else None
        if issuer is not None:
            found.append(Edge(certificate, issuer.key, certificate.key, _state(material, certificate, issuer, at)))
    return found


def find_edge(material: Material, text: str) -> ParsedCertificate:
    """Return the cross-certificate with this serial or SHA-256 (hexadecimal); ``Refusal(edge_unknown)`` when there is none, or several."""
    wanted = text.replace(":", "").lower().lstrip("0")
    found = [
        each
        for each in dict.fromkeys(material.certificates)
        if is_cross(each) and wanted in {f"{each.serial:x}", each.sha256.lstrip("0")} and _issuer(material, each) is not None
    ]
    if len(found) != 1:
        raise Refusal(EDGE_UNKNOWN, field="edge", edge=text)
    return found[0]


def is_cross(certificate: ParsedCertificate) -> bool:
    """Tell whether a certificate leads into another domain: without policy mappings no path does."""
    return certificate.is_ca and certificate.asn1.policy_mappings_value is not None


def constraints_json(certificate: ParsedCertificate) -> dict[str, Json]:
    """Return what a cross-certificate permits, as it stands in it."""
    mappings = certificate.asn1.policy_mappings_value or ()
    policies = certificate.asn1.policy_constraints_value
    limits = certificate.asn1.name_constraints_value
    return {
        "path_length": certificate.path_length,
        "permitted": _subtrees(limits, "permitted_subtrees"),
        "excluded": _subtrees(limits, "excluded_subtrees"),
        "mappings": [[pair["issuer_domain_policy"].dotted, pair["subject_domain_policy"].dotted] for pair in mappings],
        "require_explicit_policy": None if policies is None else policies["require_explicit_policy"].native,
        "inhibit_policy_mapping": None if policies is None else policies["inhibit_policy_mapping"].native,
    }


def _subtrees(limits: Any, name: str) -> list[Json]:
    found = [each["base"] for each in (() if limits is None else limits[name] or ())]
    return [f"{each.name}:{rfc4514(each.chosen) if each.name == 'directory_name' else each.native}" for each in found]


def _issuer(material: Material, certificate: ParsedCertificate) -> ParsedCertificate | None:
    return next((each for each in material.pool.issuers_of(certificate) if is_signed_by(certificate, each)), None)


def _state(material: Material, certificate: ParsedCertificate, issuer: ParsedCertificate, at: datetime) -> State:
    """Say how it stands by its dates and its issuer's lists; what follows from that for a path is the engine's to say."""
    if not certificate.not_before <= at <= certificate.not_after:
        return "expired"
    lists = [found for found in material.crls.named(issuer.subject) if find_signer(found, (issuer,)) is not None]
    if any(found.lists(certificate.serial) for found in lists):
        return "revoked"
    in_force = any(found.this_update <= at and (found.next_update is None or at <= found.next_update) for found in lists)
    return "good" if in_force else "unknown"
