"""A shadow of the graph: every CA keeps its name, identifier, certificates and lists, but signs with a throwaway key that is held here.

In it everything can be tried with the real engine before a CA key is used: a cross-certificate that is only proposed, a leaf under a CA of
another node, a lie in a sibling's name. It is sound because the engine knows a key only by the signatures that verify under it:
a certificate or list enters the shadow only when the real one verified under the real key of an issuer in the graph, and it is copied octet
for octet but for key and signature. So an edge is in the shadow exactly when it is in the graph, with the same name, constraints,
policies, dates and revocation, and the same question has the same answer. Nothing of it is believed outside: the throwaway keys are certified by
none but each other, and they and the shadow are gone when the question is answered.

Left to others: what is asked (``reach``, ``refusals``), what is tried in it (``probes``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeAlias, cast

from asn1crypto import algos, keys
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from crosscert.constraints import template_of
from crosscert.material import Material
from crosscert.paths.certificates import ParsedCertificate, from_x509, is_signed_by, parse_certificate
from crosscert.paths.crls import ParsedCrl, find_signer, parse_crl
from crosscert.paths.names import Certificate, CertificateList
from crosscert.records import Constraints
from kernel.nodes import Node
from kernel.randomness import serial_number
from pki import cross_certificates
from pki.certificates import Issuer, sign
from pki.keyfiles import generate

Key: TypeAlias = bytes
"""The SHA-256 of a real public key info: who somebody is, here and in the graph."""


class Throwaways:
    """A private key for every real public key, made when first asked for and kept nowhere else."""

    def __init__(self) -> None:
        self._keys: dict[Key, ec.EllipticCurvePrivateKey] = {}

    def of(self, key: Key) -> ec.EllipticCurvePrivateKey:
        """Return the key that stands for ``key``."""
        if key not in self._keys:
            self._keys[key] = cast("ec.EllipticCurvePrivateKey", generate("P-256"))
        return self._keys[key]


@dataclass(frozen=True, slots=True)
class Cast:
    """A certificate of the shadow: whose key it certifies, whose key signed it, the real one unless it is only proposed."""

    certificate: ParsedCertificate
    subject: Key
    issuer: Key
    real: ParsedCertificate | None

    @property
    def is_cross(self) -> bool:
        """Whether it leads into another domain: without policy mappings no path does."""
        return self.certificate.asn1.policy_mappings_value is not None


@dataclass(frozen=True, slots=True)
class CastList:
    """A revocation list of the shadow, and whose key signed it."""

    crl: ParsedCrl
    issuer: Key


@dataclass(frozen=True, slots=True)
class Shadow:
    """The graph, cast. ``own`` is the anchor's real key. ``leaves`` keeps what was tried in it, for the next state of it."""

    anchor: ParsedCertificate
    own: Key
    casts: tuple[Cast, ...]
    lists: tuple[CastList, ...]
    keys: Throwaways
    leaves: dict[object, ParsedCertificate] = field(default_factory=dict)


def cast_shadow(material: Material, offers: Iterable[ParsedCertificate] = ()) -> Shadow:
    """Return the shadow of what is held, and of the ``offers`` that somebody who is in it signed.

    A list that no CA of the graph signed itself (RFC 5280 6.3.3 lets others do so) is left out, so that less is trusted than might be.
    """
    throwaways = Throwaways()
    offered = tuple(offers)
    pool = material.pool.with_more(offered)
    casts = []
    for real in dict.fromkeys((*material.certificates, *offered)):
        issuer = next((each for each in pool.issuers_of(real) if is_signed_by(real, each)), None)
        if real.is_ca and issuer is not None:
            casts.append(Cast(_certificate(real, throwaways, issuer.key), real.key, issuer.key, real))
    lists = []
    for found in dict.fromkeys(material.lists):
        signer = find_signer(found, pool.named(found.issuer))
        if signer is not None:
            lists.append(CastList(_list(found, throwaways.of(signer.key)), signer.key))
    own = material.anchor.key
    return Shadow(_certificate(material.anchor, throwaways, own), own, tuple(casts), tuple(lists), throwaways)


def with_proposed(
    shadow: Shadow, constraints: Constraints, principal: ParsedCertificate, at: datetime, node: Node
) -> tuple[Shadow, Cast]:
    """Return the shadow with the cross-certificate that the CA would sign: built as it is built for signing, by the throwaway key."""
    other = _certificate(principal, shadow.keys, principal.key)
    key = shadow.keys.of(shadow.own)
    builder = cross_certificates.build(
        template_of(constraints, other.x509), Issuer("principal", key, shadow.anchor.x509), serial_number(), at, node
    )
    proposed = Cast(from_x509(sign(builder, key)), principal.key, shadow.own, None)
    return replace(shadow, casts=(*shadow.casts, proposed)), proposed


def _certificate(real: ParsedCertificate, throwaways: Throwaways, issuer: Key) -> ParsedCertificate:
    copy = Certificate.load(real.der)
    public_key = throwaways.of(real.key).public_key()
    info = public_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    copy["tbs_certificate"]["subject_public_key_info"] = keys.PublicKeyInfo.load(info)
    return parse_certificate(_signed(copy, "tbs_certificate", "signature_value", throwaways.of(issuer)))


def _list(real: ParsedCrl, issuer: ec.EllipticCurvePrivateKey) -> ParsedCrl:
    return parse_crl(_signed(CertificateList.load(real.der), "tbs_cert_list", "signature", issuer))


def _signed(copy: Any, body: str, value: str, key: ec.EllipticCurvePrivateKey) -> bytes:
    copy[body]["signature"] = _algorithm()
    copy["signature_algorithm"] = _algorithm()
    copy[value] = key.sign(copy[body].dump(), ec.ECDSA(hashes.SHA256()))
    return cast("bytes", copy.dump())


def _algorithm() -> algos.SignedDigestAlgorithm:
    return algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"})
