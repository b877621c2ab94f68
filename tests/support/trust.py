"""The trust room over certificates at hand, for unit tests: the real path engine, without stores and peers."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from crosscert.errors import CERTIFICATE_UNREADABLE
from crosscert.paths.certificates import from_x509
from crosscert.paths.crls import CrlSet, parse_crl
from crosscert.paths.find import find_path
from crosscert.paths.index import Pool
from crosscert.paths.records import PathRequest, PathVerdict
from crosscert.ports import SyncedObject, VerifiedToken
from kernel.errors import Refusal
from kernel.nodes import Node
from pki import jose
from policies.certificates import levels_at_least, policy_oid
from policies.loader import load

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

    def verify_signed(self, token: str, typ: str, at: datetime) -> VerifiedToken:
        """Return what a token says whose ``x5c`` has a path from here; ``Refusal`` otherwise."""
        header = jose.unverified_header(token)
        chain = [x509.load_der_x509_certificate(base64.b64decode(one)) for one in header["x5c"]]
        found = self.path(chain[0], extra_certificates=chain[1:], at=at, levels="substantial")
        node = self.node_of(found.path) if found.valid else None
        if node is None:
            raise Refusal(CERTIFICATE_UNREADABLE, problem="no path")
        key: Any = chain[0].public_key()
        claims = jose.verify(token, key, algorithms=("ES256",), typ=typ, audience=None, issuer=node.url, now=at)
        return VerifiedToken(claims, header, node)

    def evidence(self, kind: str, node_code: str) -> SyncedObject | None:
        return self.objects.get((kind, node_code))


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of the certificate's public key."""
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(key).hexdigest()
