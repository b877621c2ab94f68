"""Whom this node believes: every judgement is a path from its own anchor, through what it and its peers have published.

Left to others: the path engine (``paths``), reading the store (``material``), fetching (``sync``).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from crosscert.errors import NOT_TRUSTED, SIGNER_UNSUITABLE
from crosscert.material import Material, gather, node_of
from crosscert.paths.certificates import ParsedCertificate, from_x509, parse_certificate
from crosscert.paths.crls import parse_crl
from crosscert.paths.find import find_path
from crosscert.paths.records import PathRequest, PathVerdict
from crosscert.ports import CrosscertDeps
from crosscert.records import ObjectKind, SyncedObject, VerifiedToken
from kernel.errors import Refusal
from kernel.nodes import Node
from pki import jose
from pki.records import PublicKey
from policies.certificates import levels_at_least, policy_oid

SIGNER_LEVEL = "substantial"
MAX_TOKEN_BYTES = 4 * 1024 * 1024
_MAX_CHAIN = 5
_MAX_EXTRA = 64
_ALGORITHMS = ("ES256", "RS256")


@dataclass(frozen=True, slots=True)
class TrustAt:
    """The node's judgement at one moment, over one consistent view of what is stored: for several questions about one thing."""

    at: datetime
    material: Material
    request: Callable[[datetime, str], PathRequest]

    def path(
        self,
        certificate: x509.Certificate,
        *,
        levels: str,
        extra_certificates: Iterable[x509.Certificate] = (),
        extra_crls: Iterable[x509.CertificateRevocationList | bytes] = (),
    ) -> PathVerdict:
        """Return whether ``certificate`` is trusted on the level named ``levels`` or a stronger one, and why.

        The extras, which may come from anybody, are only offers: a certificate counts when a path proves it, a list when the
        exact key of the path's own CA signed it. ``Refusal`` when one of them, or the certificate, is malformed.
        """
        certificates = [from_x509(extra) for extra in _at_most(extra_certificates)]
        lists = [extra if isinstance(extra, bytes) else extra.public_bytes(Encoding.DER) for extra in _at_most(extra_crls)]
        return find(self.material, from_x509(certificate), self.request(self.at, levels), certificates, lists)

    def node_of(self, path: PathVerdict | Sequence[x509.Certificate]) -> Node | None:
        """Return the node whose CA issued the last certificate of a *valid* path, or None when it is no known node's."""
        certificates = path.certificates if isinstance(path, PathVerdict) else tuple(from_x509(each) for each in path)
        return node_of(self.material, certificates)


class Trust:
    """The node's judgement. It holds no state of its own: what it keeps is kept under the store's generation."""

    def __init__(self, deps: CrosscertDeps) -> None:
        self._deps = deps

    def at(self, at: datetime) -> TrustAt:
        """Return the judgement at the moment ``at``."""
        return TrustAt(at, gather(self._deps, at), self._request)

    def path(
        self,
        certificate: x509.Certificate,
        *,
        at: datetime,
        levels: str,
        extra_certificates: Iterable[x509.Certificate] = (),
        extra_crls: Iterable[x509.CertificateRevocationList | bytes] = (),
    ) -> PathVerdict:
        """Return what :meth:`TrustAt.path` says at the moment ``at``."""
        return self.at(at).path(certificate, levels=levels, extra_certificates=extra_certificates, extra_crls=extra_crls)

    def node_of(self, path: PathVerdict | Sequence[x509.Certificate]) -> Node | None:
        """Return what :meth:`TrustAt.node_of` says now."""
        return self.at(self._deps.clock.now()).node_of(path)

    def evidence(self, kind: ObjectKind, node_code: str) -> SyncedObject | None:
        """Return what the node ``node_code`` published, as last fetched and verified, or None."""
        with self._deps.work.read() as work:
            return work.records.find_object(node_code, kind)

    def verify_signed(
        self,
        jws: str | bytes,
        typ: str,
        at: datetime,
        *,
        require: Collection[str] = ("exp",),
        max_bytes: int = MAX_TOKEN_BYTES,
        extra_certificates: Iterable[ParsedCertificate] = (),
        extra_crls: Iterable[bytes] = (),
    ) -> VerifiedToken:
        """Return the claims of a token that a node signed; ``Refusal`` when token, signer or path is not as it must be.

        1. the certificates that it names (x5c), 2. a path to the signer from this node's anchor, 3. that it is a node's token
        signer, 4. the signature and the times, 5. that it speaks for its own node.
        """
        # 1.
        header = jose.unverified_header(jws, max_bytes=max_bytes)
        signer, *chain = read_x5c(header)
        # 2.
        material = gather(self._deps, at)
        verdict = find(material, signer, self._request(at, SIGNER_LEVEL), [*chain, *extra_certificates], extra_crls)
        if verdict.reason is not None:
            message = verdict.reason.message
            raise Refusal(NOT_TRUSTED, reason=verdict.reason.code, message=message.zh, message_en=message.en)
        # 3.
        node = node_of(material, verdict.certificates)
        if node is None:
            raise Refusal(SIGNER_UNSUITABLE, problem="of no known node")
        check_signer(signer, node)
        # 4.
        claims = jose.verify(
            jws,
            public_key_of(signer),
            algorithms=_ALGORITHMS,
            typ=typ,
            audience=None,
            issuer=None,
            now=at,
            max_bytes=max_bytes,
            require=require,
        )
        # 5.
        if claims.get("iss", node.url) != node.url:
            raise Refusal(SIGNER_UNSUITABLE, problem=f"it is {node.code}'s, which does not speak as {claims['iss']}")
        return VerifiedToken(claims, header, node)

    def _request(self, at: datetime, level: str) -> PathRequest:
        policies, code = self._deps.policies, self._deps.node.code
        return PathRequest(at, frozenset(policy_oid(policies, code, name) for name in levels_at_least(policies, level)))


def find(
    material: Material,
    target: ParsedCertificate,
    request: PathRequest,
    certificates: Iterable[ParsedCertificate],
    lists: Iterable[bytes],
) -> PathVerdict:
    """Return the engine's verdict on ``target`` by what is stored and what is offered (lists in DER)."""
    pool = material.pool.with_more(certificates)
    crls = material.crls.with_more(parse_crl(der) for der in lists)
    return find_path(target, material.anchor, pool, crls, request)


def read_x5c(header: Mapping[str, Any]) -> list[ParsedCertificate]:
    """Return the certificates that a token's header names, the signer's first; ``Refusal`` when it names none well (RFC 7515 4.1.6)."""
    found = header.get("x5c")
    if not isinstance(found, list) or not 0 < len(found) <= _MAX_CHAIN or not all(isinstance(one, str) for one in found):
        raise Refusal(SIGNER_UNSUITABLE, field="x5c", problem=f"1 to {_MAX_CHAIN} certificates in x5c")
    try:
        return [parse_certificate(base64.b64decode(one, validate=True)) for one in found]
    except (binascii.Error, ValueError):
        raise Refusal(SIGNER_UNSUITABLE, field="x5c", problem="base64") from None


def check_signer(signer: ParsedCertificate, node: Node) -> None:
    """Refuse a certificate that is not the node's own signer's: directly below the node's names, for signatures and nothing else."""
    usage = signer.asn1.key_usage_value
    names = [(attribute["type"].native, attribute["value"].native) for part in signer.asn1.subject.chosen for attribute in part]
    for problem, found in (
        ("a CA's", signer.is_ca),
        ("its key usage", usage is None or usage.native != {"digital_signature"}),
        ("for another purpose", signer.asn1.extended_key_usage_value is not None),
        ("not the node's own", len(names) != len(node.names) + 1 or names[-1][0] != "common_name"),
    ):
        if found:
            raise Refusal(SIGNER_UNSUITABLE, problem=problem)


def public_key_of(certificate: ParsedCertificate) -> PublicKey:
    """Return the public key; one that is not for tokens is refused by the token wrapper."""
    try:
        return certificate.x509.public_key()  # type: ignore[return-value]  # checked by jose
    except ValueError:
        raise Refusal(SIGNER_UNSUITABLE, problem="its key") from None


def _at_most(extras: Iterable[Any]) -> list[Any]:
    """Return the first extras: nobody needs more of them, and each costs time."""
    return [extra for _, extra in zip(range(_MAX_EXTRA), extras, strict=False)]
