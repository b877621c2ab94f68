"""The trust room over certificates at hand, for unit tests: the real path engine, without stores and peers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from crosscert.paths.certificates import from_x509
from crosscert.paths.crls import CrlSet, parse_crl
from crosscert.paths.find import find_path
from crosscert.paths.index import Pool
from crosscert.paths.records import PathRequest, PathVerdict
from crosscert.ports import SyncedObject, VerifiedToken
from kernel.nodes import Node
from policies.certificates import levels_at_least, policy_oid
from policies.loader import load
from tests.support.authorities import Authority

_POLICIES = load(None).certificates


@dataclass
class TrustAtHand:
    """Trusts what has a path from ``anchor`` through ``certificates``, as ``crosscert.trust.Trust`` does."""

    node: Node
    anchor: x509.Certificate
    certificates: Sequence[x509.Certificate] = ()
    crls: Sequence[x509.CertificateRevocationList] = ()
    nodes: Mapping[str, Node] = field(default_factory=dict)
    objects: dict[tuple[str, str], SyncedObject] = field(default_factory=dict)
    tokens: dict[str, VerifiedToken] = field(default_factory=dict)

    @classmethod
    def of(cls, node: Node, authority: Authority, at: datetime, **more: object) -> TrustAtHand:
        """Return the trust of a node whose own CAs are ``authority``, with its revocation lists as they stand at ``at``."""
        nodes = {fingerprint(authority.principal.certificate): node}
        certificates = [authority.principal.certificate, authority.issuing.certificate]
        return cls(node, certificates[0], certificates, authority.crls(at), nodes, **more)  # type: ignore[arg-type]

    def path(
        self,
        certificate: x509.Certificate,
        *,
        extra_certificates: Iterable[x509.Certificate] = (),
        extra_crls: Iterable[x509.CertificateRevocationList] = (),
        at: datetime,
        levels: str,
    ) -> PathVerdict:
        pool = Pool(from_x509(one) for one in (*self.certificates, *extra_certificates))
        crls = CrlSet(parse_crl(one.public_bytes(Encoding.DER)) for one in (*self.crls, *extra_crls))
        wanted = frozenset(policy_oid(_POLICIES, self.node.code, level) for level in levels_at_least(_POLICIES, levels))
        return find_path(from_x509(certificate), from_x509(self.anchor), pool, crls, PathRequest(at, wanted))

    def node_of(self, path: Sequence[x509.Certificate]) -> Node | None:
        """Return the node whose principal CA (by key) is the last root of the path."""
        return next((self.nodes[key] for one in reversed(path) if (key := fingerprint(one)) in self.nodes), None)

    def evidence(self, kind: str, node_code: str) -> SyncedObject | None:
        return self.objects.get((kind, node_code))


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of the certificate's public key."""
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(key).hexdigest()
