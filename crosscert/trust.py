"""Whom this node believes: every judgement is a path from its own anchor, through what it and its peers have published.

Left to others: the path engine (``paths``), reading the store (``material``), fetching (``federation.sync``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from crosscert.errors import NOT_TRUSTED, SIGNER_UNSUITABLE
from crosscert.material import Material, gather, lists_until, node_of, nodes_of
from crosscert.paths.answers import find_answer
from crosscert.paths.certificates import ParsedCertificate, from_x509, parse_certificate
from crosscert.paths.crls import parse_crl
from crosscert.paths.find import find_path
from crosscert.paths.records import PathRequest, PathVerdict
from crosscert.ports import CrosscertDeps
from crosscert.records import ObjectKind, SyncedObject, VerifiedToken
from crosscert.reliance import Reliance, check_reliance, rely
from crosscert.signers import certificates_of, check_thumbprint
from kernel.clock import CLOCKS_MAY_DIFFER
from kernel.errors import Refusal
from kernel.nodes import Node
from pki import jose
from pki.records import PublicKey
from policies.certificates import levels_at_least, policy_oid

SIGNER_LEVEL = "substantial"
MAX_TOKEN_BYTES = 4 * 1024 * 1024
_MAX_EXTRA = 64
_ALGORITHMS = ("ES256", "RS256")


@dataclass(frozen=True, slots=True)
class TrustAt:
    """The node's judgement at one moment, over one consistent view of what is stored: for several questions about one thing.

    ``judged_at`` is when that is asked: a past moment too is looked at by what was heard until now, and relied on no longer.
    """

    deps: CrosscertDeps
    at: datetime
    judged_at: datetime
    material: Material
    request: Callable[[datetime, str], PathRequest]
    reliance: Callable[[Material, PathVerdict], Reliance | None]

    def path(self, der: bytes, *, levels: str) -> PathVerdict:
        """Return whether the certificate ``der`` is trusted on the level named ``levels`` or a stronger one, and why; ``Refusal`` for none."""
        verdict = find(self.material, parse_certificate(der), self.request(self.at, levels))
        return check_reliance(verdict, self.reliance(self.material, verdict), self.judged_at)

    def offered(
        self,
        certificates: Iterable[x509.Certificate] = (),
        crls: Iterable[x509.CertificateRevocationList | bytes] = (),
        answers: Iterable[bytes] = (),
    ) -> TrustAt:
        """Return the judgement with more at hand, which may come from anybody; ``Refusal`` when some of it is malformed.

        It is only an offer: a certificate counts when a path proves it, a list when the exact key of the path's own CA signed it, an OCSP
        answer (DER) when that CA or its responder did. What is no such answer, or one from the future, is passed over.
        """
        lists = (extra if isinstance(extra, bytes) else extra.public_bytes(Encoding.DER) for extra in _at_most(crls))
        more = with_more(self.material, [from_x509(extra) for extra in _at_most(certificates)], lists)
        latest = self.judged_at + CLOCKS_MAY_DIFFER
        found = [each for der in _at_most(answers) if (each := find_answer(der)) is not None and each.this_update <= latest]
        more = replace(more, answers=(*more.answers, *found))
        return replace(self, material=more, reliance=lambda _more, verdict: self.reliance(self.material, verdict))

    def relied_until(self, path: PathVerdict) -> datetime | None:
        """Return until when a *valid* path is relied on if none of its nodes is heard again; None within the node's own domain."""
        found = self.reliance(self.material, path)
        return None if found is None else found.until

    def node_of(self, path: PathVerdict | Sequence[x509.Certificate]) -> Node | None:
        """Return the node whose CA issued the last certificate of a *valid* path, or None when it is no known node's."""
        certificates = path.certificates if isinstance(path, PathVerdict) else tuple(from_x509(each) for each in path)
        return node_of(self.material, certificates)

    def verify_signed(
        self,
        jws: str | bytes,
        typ: str,
        *,
        require: Collection[str] = ("exp",),
        max_bytes: int = MAX_TOKEN_BYTES,
        extra_certificates: Iterable[ParsedCertificate] = (),
        extra_crls: Iterable[bytes] = (),
    ) -> VerifiedToken:
        """Return the claims of what a node signed for the federation; ``Refusal`` when token, signer or path is not as it must be.

        How long ago the node was heard plays no part: this is how it is heard. 1. and 2. :meth:`judge_signer`, 3. :func:`read_signed`.
        """
        signer = self.judge_signer(jws, max_bytes=max_bytes, extra_certificates=extra_certificates, extra_crls=extra_crls)
        return read_signed(jws, signer, (typ,), self.at, require=require, max_bytes=max_bytes)

    def judge_signer(
        self,
        jws: str | bytes,
        *,
        max_bytes: int,
        extra_certificates: Iterable[ParsedCertificate] = (),
        extra_crls: Iterable[bytes] = (),
    ) -> JudgedSigner:
        """Return what is to be thought of a token's signer, the token itself not being read yet; ``Refusal`` when it names none.

        1. The certificates that it means, 2. a path to the signer from this node's anchor, and whose domain it ends in.
        """
        # 1.
        header = jose.unverified_header(jws, max_bytes=max_bytes)
        signer, *chain = certificates_of(self.deps, header)
        # 2.
        more = with_more(self.material, [*chain, *extra_certificates], extra_crls)
        verdict = find(more, signer, self.request(self.at, SIGNER_LEVEL))
        node = self.node_of(verdict) if verdict.valid else None
        return JudgedSigner(header, signer, verdict, node, self.reliance(self.material, verdict))


@dataclass(frozen=True, slots=True)
class JudgedSigner:
    """What is thought of the certificate that a token names first: its path or why there is none, and whose domain the path ends in."""

    header: Mapping[str, Any]
    certificate: ParsedCertificate
    verdict: PathVerdict
    node: Node | None
    reliance: Reliance | None


class Trust:
    """The node's judgement. It holds no state of its own: what it keeps is kept under the store's generation."""

    def __init__(self, deps: CrosscertDeps) -> None:
        self._deps = deps

    def at(self, at: datetime, *, judged_at: datetime | None = None) -> TrustAt:
        """Return the judgement at the moment ``at``, asked for then, or later at ``judged_at``."""
        return TrustAt(self._deps, at, judged_at or at, gather(self._deps, at), self._request, _once(self.reliance))

    def path(
        self,
        certificate: x509.Certificate,
        *,
        at: datetime,
        levels: str,
        extra_certificates: Iterable[x509.Certificate] = (),
        extra_crls: Iterable[x509.CertificateRevocationList | bytes] = (),
    ) -> PathVerdict:
        """Return what :meth:`TrustAt.path` says at the moment ``at`` with the extras offered."""
        there = self.at(at).offered(extra_certificates, extra_crls)
        return there.path(certificate.public_bytes(Encoding.DER), levels=levels)

    def node_of(self, path: PathVerdict | Sequence[x509.Certificate]) -> Node | None:
        """Return what :meth:`TrustAt.node_of` says now."""
        return self.at(self._deps.clock.now()).node_of(path)

    def find_node(self, code: str) -> Node | None:
        """Return the node with this code, if it is this one or one that has been certified."""
        principals = gather(self._deps, self._deps.clock.now()).principals
        return next((node for node in principals.values() if node.code == code), None)

    def evidence(self, kind: ObjectKind, node_code: str) -> SyncedObject | None:
        """Return what the node ``node_code`` published, as last fetched and verified, or None."""
        with self._deps.work.read() as work:
            return work.records.find_object(node_code, kind)

    def all_evidence(self, kind: ObjectKind) -> Sequence[SyncedObject]:
        """Return what every node published of this kind, as last fetched and verified."""
        with self._deps.work.read() as work:
            return work.records.objects(kind)

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
        """Return what :meth:`TrustAt.verify_signed` says at the moment ``at``."""
        return self.at(at).verify_signed(
            jws, typ, require=require, max_bytes=max_bytes, extra_certificates=extra_certificates, extra_crls=extra_crls
        )

    def judge_signer(self, jws: str | bytes, at: datetime, *, max_bytes: int) -> JudgedSigner:
        """Return what :meth:`TrustAt.judge_signer` says at the moment ``at``."""
        return self.at(at).judge_signer(jws, max_bytes=max_bytes)

    def reliance(self, material: Material, verdict: PathVerdict) -> Reliance | None:
        """Return how long a valid path may be relied on by when its nodes were last heard; None within the node's own domain."""
        nodes = nodes_of(material, verdict.certificates) if verdict.valid else []
        others = [node for node in nodes if node.code != self._deps.node.code]
        if not others:
            return None
        with self._deps.work.read() as work:
            heard = work.records.heard({node.code for node in others})
        budget = timedelta(seconds=self._deps.policies.federation.budget_seconds)
        return rely(others, heard, budget, lists_until(material, verdict.certificates))

    def _request(self, at: datetime, level: str) -> PathRequest:
        policies, code = self._deps.policies, self._deps.node.code
        return PathRequest(at, frozenset(policy_oid(policies, code, name) for name in levels_at_least(policies, level)))


def _once(ask: Callable[[Material, PathVerdict], Reliance | None]) -> Callable[[Material, PathVerdict], Reliance | None]:
    """Ask once for all paths through the same CAs, of which there are few at one moment."""
    known: dict[tuple[bool, tuple[bytes, ...]], Reliance | None] = {}

    def reliance(material: Material, verdict: PathVerdict) -> Reliance | None:
        path = verdict.certificates
        through = (verdict.valid, tuple(each.der for each in path if each.is_ca or each is not path[-1]))
        if through not in known:
            known[through] = ask(material, verdict)
        return known[through]

    return reliance


def read_signed(
    jws: str | bytes,
    signer: JudgedSigner,
    typ: Collection[str | None],
    at: datetime,
    *,
    require: Collection[str],
    audience: str | None = None,
    max_bytes: int = MAX_TOKEN_BYTES,
) -> VerifiedToken:
    """Return the claims of a token whose signer was judged; ``Refusal`` when signer or token is not as it must be.

    3. The signer is trusted, 4. a node's token signer, 5. signature and times are right, 6. it speaks for its own node.
    """
    # 3.
    if signer.verdict.reason is not None:
        message = signer.verdict.reason.message
        raise Refusal(NOT_TRUSTED, reason=signer.verdict.reason.code, message=message.zh, message_en=message.en)
    if signer.node is None:
        raise Refusal(SIGNER_UNSUITABLE, problem="of no known node")
    # 4.
    check_signer(signer.certificate, signer.node)
    check_thumbprint(signer.header, signer.certificate)
    # 5.
    claims = jose.verify(
        jws,
        public_key_of(signer.certificate),
        algorithms=_ALGORITHMS,
        typ=typ,
        audience=audience,
        issuer=None,
        now=at,
        max_bytes=max_bytes,
        require=require,
    )
    # 6.
    if claims.get("iss", signer.node.url) != signer.node.url:
        raise Refusal(SIGNER_UNSUITABLE, problem=f"it is {signer.node.code}'s, which does not speak as {claims['iss']}")
    return VerifiedToken(claims, signer.header, signer.node)


def with_more(material: Material, certificates: Iterable[ParsedCertificate], lists: Iterable[bytes]) -> Material:
    """Return what is stored together with what is offered (lists in DER)."""
    return replace(
        material,
        pool=material.pool.with_more(certificates),
        crls=material.crls.with_more(parse_crl(der) for der in lists),
    )


def find(material: Material, target: ParsedCertificate, request: PathRequest) -> PathVerdict:
    """Return the engine's verdict on ``target`` by what is at hand."""
    return find_path(target, material.anchor, material.pool, material.crls, request, answers=material.answers)


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
