"""What is inside a signature value (CMS, RFC 5652) and a time-stamp token (RFC 3161), and whether it holds cryptographically.

``read_*`` takes the parts apart and believes nothing; ``verify_*`` returns what it verified or raises :class:`Fault`. A signature
value is the one part of a sealed file that the signature does not cover, so its form is held strictly: DER, nothing behind it
but zeros, one signer, no attribute or certificate that nobody vouches for.

Left to others: finding the value in a file (``documents``), who the signer is and whether anyone trusts them (``evidence``,
``verify``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from asn1crypto import cms, core, tsp
from asn1crypto import x509 as asn1_x509

from kernel.errors import Text
from licenses.cms_form import check_der, check_signed_data, element_length
from pki.der_reader import DerError

MAX_CERTIFICATES = 16
_DIGESTS = frozenset({"sha256", "sha384", "sha512"})
_SIGNATURES = frozenset({"sha256_ecdsa", "sha384_ecdsa", "sha512_ecdsa", "sha256_rsa", "sha384_rsa", "sha512_rsa"})
_SEQUENCE = b"\x30"
_REQUIRED = ("content_type", "message_digest", "signing_certificate_v2")

FaultKind = Literal["format", "tampered", "weak"]


class Fault(Exception):  # noqa: N818 - what is wrong with somebody else's signature is not our error
    """A signature or token does not hold: its form is wrong, it was changed, or its algorithms are too weak."""

    def __init__(self, *, kind: FaultKind, zh: str, en: str) -> None:
        self.kind = kind
        self.text = Text(zh, en)
        super().__init__(en)


@dataclass(frozen=True, slots=True)
class SignedValue:
    """A CMS ``SignedData`` with one signer, taken apart and not believed."""

    der: bytes
    content: cms.SignedData
    signer: cms.SignerInfo
    certificate: asn1_x509.Certificate
    others: tuple[asn1_x509.Certificate, ...]

    @property
    def value(self) -> bytes:
        """The signature value proper: what a time-stamp is taken over."""
        found: bytes = self.signer["signature"].native
        return found

    @property
    def digest_algorithm(self) -> str:
        """The digest algorithm's name, e.g. ``sha256``."""
        found: str = self.signer["digest_algorithm"]["algorithm"].native
        return found


@dataclass(frozen=True, slots=True)
class TimeStamp:
    """A verified token: ``certificate`` (whoever that is) says that the value existed at ``generated_at``."""

    generated_at: datetime
    certificate: asn1_x509.Certificate
    others: tuple[asn1_x509.Certificate, ...]
    policy: str


def read_signed_value(contents: bytes) -> SignedValue:
    """Return the parts of the signature value ``contents`` (zeros may follow it); :class:`Fault` where its form is wrong."""
    if not contents.startswith(_SEQUENCE):
        raise Fault(kind="format", zh="签名值是空的，或者不是签名", en="the signature value is empty, or no signature")
    length = _element_length(contents)
    der, rest = contents[:length], contents[length:]
    if rest.strip(b"\0"):
        raise Fault(kind="tampered", zh="签名值之后的空位里写有内容", en="something was written behind the signature value")
    _check_form(der)
    try:
        info = cms.ContentInfo.load(der, strict=True)
        if info["content_type"].native != "signed_data":
            raise Fault(kind="format", zh="签名值不是 CMS SignedData", en="the signature value is no CMS SignedData")
        return read_signed_data(info["content"], der)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Fault(kind="tampered", zh="签名值读不懂", en="the signature value cannot be read") from error


def read_signed_data(content: cms.SignedData, der: bytes) -> SignedValue:
    """Return the parts of ``content``: one signer whose certificate is there, and every set that nobody signs as it must be."""
    signers = content["signer_infos"]
    if len(signers) != 1:
        raise Fault(kind="format", zh="签名值里的签名者不是一个", en="the signature value does not have one signer")
    if len(content["certificates"]) > MAX_CERTIFICATES or not isinstance(content["crls"], core.Void):
        raise Fault(
            kind="format", zh="签名值带有过多的证书或吊销列表", en="the signature value carries too many certificates, or CRLs"
        )
    signer = signers[0]
    if signer["sid"].name != "issuer_and_serial_number":
        raise Fault(
            kind="format", zh="签名者不是按颁发者和序列号指明的", en="the signer is not named by issuer and serial number"
        )
    own, others = _certificates(content, signer)
    algorithms = [algorithm.dump() for algorithm in content["digest_algorithms"]]
    versions = (content["version"].native, signer["version"].native)
    if (
        algorithms != [signer["digest_algorithm"].dump()]
        or versions not in {("v1", "v1"), ("v3", "v1")}
        or signer["digest_algorithm"]["parameters"].native is not None
        or signer["signature_algorithm"]["parameters"].native is not None
    ):
        raise Fault(
            kind="tampered",
            zh="签名值的结构不是签章系统写出的样子",
            en="the signature value is not built as a sealing system builds it",
        )
    return SignedValue(der, content, signer, own, others)


def _certificates(
    content: cms.SignedData, signer: cms.SignerInfo
) -> tuple[asn1_x509.Certificate, tuple[asn1_x509.Certificate, ...]]:
    """Return the signer's certificate, found by issuer (octet by octet) and serial number, and the others."""
    identifier = signer["sid"].chosen
    own, others = [], []
    for choice in content["certificates"]:
        if choice.name != "certificate":
            raise Fault(
                kind="tampered", zh="签名值里有不是证书的内容", en="the signature value carries something that is no certificate"
            )
        certificate = choice.chosen
        same = certificate.serial_number == identifier["serial_number"].native
        if same and certificate.issuer.dump() == identifier["issuer"].dump():
            own.append(certificate)
        else:
            others.append(certificate)
    if len(own) != 1:
        raise Fault(kind="tampered", zh="签名值里没有签名者的证书", en="the signer's certificate is not in the signature value")
    return own[0], tuple(others)


def verify_signature(signed: SignedValue, digest: bytes, content_type: str) -> None:
    """Verify that ``signed`` signs ``digest`` with its certificate's key and says so completely; :class:`Fault` otherwise."""
    from pyhanko.sign.general import check_ess_certid, find_unique_cms_attribute  # noqa: PLC0415 - as for ``reading.read``
    from pyhanko.sign.validation.generic_cms import validate_sig_integrity  # noqa: PLC0415

    attributes = signed.signer["signed_attrs"]
    # Never ``.native`` on attributes: asn1crypto then takes them for changed and writes them anew at every later look.
    names = [] if isinstance(attributes, core.Void) else [attribute["type"].native for attribute in attributes]
    if missing := [name for name in _REQUIRED if names.count(name) != 1]:
        listed = "、".join(missing)
        raise Fault(
            kind="format", zh=f"签名缺少必需的属性：{listed}", en=f"required signed attributes are missing: {', '.join(missing)}"
        )
    if signed.digest_algorithm not in _DIGESTS or signed.signer["signature_algorithm"]["algorithm"].native not in _SIGNATURES:
        raise Fault(kind="weak", zh="签名用了不允许的算法", en="the signature uses an algorithm that is not allowed")
    if content_type == "data" and not isinstance(signed.content["encap_content_info"]["content"], core.Void):
        raise Fault(kind="tampered", zh="签名值里另有内容", en="the signature value has content of its own")
    certificate = find_unique_cms_attribute(attributes, "signing_certificate_v2")
    named = tsp.SigningCertificateV2.load(certificate.dump())["certs"][0]
    if named["hash_algorithm"]["algorithm"].native not in _DIGESTS or not check_ess_certid(signed.certificate, named):
        raise Fault(
            kind="tampered", zh="签名里的证书不是签名时所指的证书", en="the certificate is not the one that the signature names"
        )
    try:
        intact, valid = validate_sig_integrity(signed.signer, signed.certificate, content_type, digest)
    except Exception as error:  # pyHanko and cryptography raise many kinds for what a forger may write
        raise Fault(kind="tampered", zh="签名无法核验", en="the signature cannot be checked") from error
    if not intact:
        raise Fault(kind="tampered", zh="内容与签名时不同", en="the content is not what was signed")
    if not valid:
        raise Fault(
            kind="tampered",
            zh="签名值不是这张证书的密钥签出的",
            en="the signature value was not made with this certificate's key",
        )


def find_time_stamp_token(signed: SignedValue) -> cms.ContentInfo | None:
    """Return the one signature time-stamp token; None without unsigned attributes; :class:`Fault` for anything else in them."""
    attributes = signed.signer["unsigned_attrs"]
    if isinstance(attributes, core.Void):
        return None
    if len(attributes) != 1 or attributes[0]["type"].native != "signature_time_stamp_token" or len(attributes[0]["values"]) != 1:
        raise Fault(kind="tampered", zh="签名值里有来历不明的属性", en="the signature value carries attributes of unknown origin")
    token: cms.ContentInfo = attributes[0]["values"][0]
    return token


def verify_time_stamp(token: cms.ContentInfo, over: bytes) -> TimeStamp:
    """Verify that ``token`` is a sound RFC 3161 time-stamp over ``over``; :class:`Fault` otherwise. Whose it is, is not asked."""
    try:
        if token["content_type"].native != "signed_data":
            raise Fault(kind="format", zh="时间戳不是 CMS SignedData", en="the time-stamp is no CMS SignedData")
        der = token.dump()
        check_signed_data(der)
        signed = read_signed_data(token["content"], der)
        encapsulated = signed.content["encap_content_info"]
        content = encapsulated["content"]
        if encapsulated["content_type"].native != "tst_info" or not isinstance(content, core.ParsableOctetString):
            raise Fault(kind="format", zh="时间戳里没有时间信息", en="the time-stamp holds no TSTInfo")
        raw = bytes(content)
        check_der(raw)
        info = tsp.TSTInfo.load(raw, strict=True)
        imprint = info["message_imprint"]
        algorithm: str = imprint["hash_algorithm"]["algorithm"].native
        hashed: bytes = imprint["hashed_message"].native
        at: datetime = info["gen_time"].native
        policy: str = info["policy"].dotted
        digest = hashlib.new(signed.digest_algorithm, raw, usedforsecurity=True).digest()
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Fault(kind="tampered", zh="时间戳读不懂", en="the time-stamp cannot be read") from error
    verify_signature(signed, digest, "tst_info")
    # RFC 3161 2.4.2: the imprint is the hash of what was stamped.
    if algorithm not in _DIGESTS or hashlib.new(algorithm, over).digest() != hashed:
        raise Fault(kind="tampered", zh="时间戳盖的不是这个签名", en="the time-stamp is not of this signature")
    return TimeStamp(at, signed.certificate, signed.others, policy)


def is_time_stamp_certificate(certificate: asn1_x509.Certificate) -> bool:
    """Tell whether the certificate is for time-stamps and nothing else: one critical extended key usage (RFC 3161 2.3)."""
    purposes: Any = certificate.extended_key_usage_value
    return (
        purposes is not None
        and purposes.native == ["time_stamping"]
        and "extended_key_usage" in set(certificate.critical_extensions)
    )


def find_stray(signed: SignedValue, vouched: Collection[bytes]) -> asn1_x509.Certificate | None:
    """Return a certificate that came in the signature value though nothing signed says so (``vouched``: DER), or None."""
    for certificate in signed.others:
        if certificate.dump() not in vouched:
            return certificate
    return None


def _element_length(contents: bytes) -> int:
    try:
        return element_length(contents)
    except DerError:
        raise _not_der() from None


def _check_form(der: bytes) -> None:
    try:
        check_signed_data(der)
    except DerError:
        raise _not_der() from None


def _not_der() -> Fault:
    # Whoever sealed wrote proper DER, so somebody else was here.
    return Fault(
        kind="tampered",
        zh="签名值被改动，已经不是规范的编码",
        en="the signature value was changed and is not proper DER any more",
    )
