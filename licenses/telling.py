"""Certificates as a verdict tells of them: whose they are, and the path that proves it. Left to others: judging (``verify``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kernel.canonical import Json
from kernel.clock import rfc3339
from licenses.evidence import Evidence
from licenses.shown import show


def describe_signer(evidence: Evidence) -> Mapping[str, Json]:
    """Return who signed: the certificate, the department, and the node where a path proves one."""
    signer = evidence.signer
    if signer is None:
        return {}
    shown, node = signer.shown, evidence.signer_node
    return {
        **shown.described,
        "name": shown.name,
        "department": shown.departments[0] if shown.departments else None,
        "trusted": signer.trusted is not None,
        "node": None if node is None else {"code": node.code, "name": node.name},
        "not_before": rfc3339(shown.not_before),
        "not_after": rfc3339(shown.not_after),
    }


def describe_path(evidence: Evidence) -> Sequence[Mapping[str, Json]]:
    """Return the certificates of the path that is trusted, from the anchor down; none without one."""
    found = evidence.signer.trusted if evidence.signer is not None else None
    return () if found is None else tuple(show(certificate.der).described for certificate in found.path)
