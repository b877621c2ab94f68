"""The checks of a certificate's extensions (RFC 5280 4.2, RFC 6960 4.2.2.2), held against profile, node and issuer.

Left to others: the fields (``certificates``), taking the certificate apart (``parts``).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime

from pki import cross_certificates
from pki import der_reader as der
from pki.certificates import EXTENDED_KEY_USAGES
from pki.der import integer, oid, sequence, tlv
from pki.lint.parts import Parsed, Wanted, tag_of
from policies.certificates import policy_oid

SKI, KU, SAN, BC, NC = "2.5.29.14", "2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.30"
CDP, CP, PM, AKI, PC, EKU, IAP = "2.5.29.31", "2.5.29.32", "2.5.29.33", "2.5.29.35", "2.5.29.36", "2.5.29.37", "2.5.29.54"
AIA, SIA, NO_CHECK = "1.3.6.1.5.5.7.1.1", "1.3.6.1.5.5.7.1.11", "1.3.6.1.5.5.7.48.1.5"
_OCSP, _CA_ISSUERS = tag_of("1.3.6.1.5.5.7.48.1"), tag_of("1.3.6.1.5.5.7.48.2")
_ANY_POLICY = tag_of("2.5.29.32.0")

_USAGE_BITS = ("digital_signature", "content_commitment", "key_encipherment", "", "key_agreement", "key_cert_sign", "crl_sign")
_URI, _DNS, _EMAIL, _DIRECTORY, _KEY_IDENTIFIER = 0x86, 0x82, 0x81, 0xA4, 0x80
_NAME_KINDS = {_DNS: "dns", _EMAIL: "email"}
HOST = re.compile(rb"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
MAILBOX = re.compile(rb"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")

Check = Callable[[Parsed, Wanted], str | None]

_ALWAYS_CRITICAL = frozenset(map(tag_of, (KU, BC, NC, PM, PC, IAP)))
_NEVER_CRITICAL = frozenset(map(tag_of, (SKI, AKI, SAN, CDP, AIA, SIA, NO_CHECK)))
_KNOWN = _ALWAYS_CRITICAL | _NEVER_CRITICAL | frozenset(map(tag_of, (CP, EKU)))
_FOR_CAS = frozenset(map(tag_of, (NC, PM, PC, IAP, SIA)))


def _is_ca(wanted: Wanted) -> bool:
    return wanted.profile is None or wanted.profile.kind != "end_entity"


def _known_once(parsed: Parsed, wanted: Wanted) -> str | None:
    if len(parsed.by_oid) != len(parsed.extensions):
        return "one stands there twice"  # RFC 5280 4.2
    if not parsed.by_oid.keys() <= _KNOWN:
        return "one that nobody asked for"
    return None if _is_ca(wanted) or not parsed.by_oid.keys() & _FOR_CAS else "one that is for CAs"


def _criticality(parsed: Parsed, wanted: Wanted) -> str | None:
    for extension, critical, _ in parsed.extensions:
        if (extension in _ALWAYS_CRITICAL and not critical) or (extension in _NEVER_CRITICAL and critical):
            return "critical where it must not be, or the other way round"
    usage = parsed.by_oid.get(tag_of(EKU))
    if usage is not None and wanted.profile is not None and usage[0] is not wanted.profile.extended_key_usage_critical:
        return "extendedKeyUsage"
    return None


def _subject_key(parsed: Parsed, wanted: Wanted) -> str | None:
    value = parsed.value(SKI)
    if value is None:
        return "missing"
    if wanted.profile is None:
        return None  # the identifier that the other CA gave its own key
    bits = der.elements(parsed.public_key)[1][1][1:]
    return None if value == tlv(der.OCTET_STRING, hashlib.sha1(bits, usedforsecurity=False).digest()) else "not of this key"


def _authority_key(parsed: Parsed, wanted: Wanted) -> str | None:
    value, own = parsed.value(AKI), parsed.value(SKI)
    identifier = wanted.issuer_key_identifier or (own and der.read(own, der.OCTET_STRING)) or b""
    return None if value == sequence(tlv(_KEY_IDENTIFIER, identifier)) else "not the identifier of the CA's key"


def _basic_constraints(parsed: Parsed, wanted: Wanted) -> str | None:
    value = parsed.value(BC)
    if not _is_ca(wanted):
        return None if value == sequence() else "it must say that this is no CA"
    if wanted.profile is not None:
        length = wanted.profile.path_length
        right = sequence(b"\x01\x01\xff", b"" if length is None else integer(length))
        return None if value == right else "not the profile's path length"
    tags = [tag for tag, _ in der.elements(der.read(value or b"", der.SEQUENCE))]
    limited = tags == [der.BOOLEAN, der.INTEGER]
    needed = wanted.profile_name == cross_certificates.PROFILE
    return None if limited or (tags == [der.BOOLEAN] and not needed) else "no CA, or one without a path length"


def _key_usage(parsed: Parsed, wanted: Wanted) -> str | None:
    usages = ("key_cert_sign", "crl_sign") if wanted.profile is None else wanted.profile.key_usage
    number = sum(1 << (15 - _USAGE_BITS.index(usage)) for usage in usages)
    octets = number.to_bytes(2, "big").rstrip(b"\0")
    unused = (octets[-1] & -octets[-1]).bit_length() - 1
    if parsed.value(KU) != tlv(der.BIT_STRING, bytes((unused,)), octets):
        return "not the profile's"
    return None if ("key_cert_sign" in usages) is _is_ca(wanted) else "keyCertSign is for CAs"  # RFC 5280 4.2.1.3


def _extended_key_usage(parsed: Parsed, wanted: Wanted) -> str | None:
    usages = () if wanted.profile is None else wanted.profile.extended_key_usage
    right = sequence(*(oid(EXTENDED_KEY_USAGES[usage].dotted_string) for usage in usages)) if usages else None
    if parsed.value(EKU) != right:
        return "not the profile's"
    if ("ocsp_signing" in usages) is not (parsed.value(NO_CHECK) is not None):
        return "ocsp-nocheck is for responders"  # RFC 6960 4.2.2.2.1
    if "time_stamping" in usages and (usages != ("time_stamping",) or not parsed.by_oid[tag_of(EKU)][0]):
        return "time-stamping alone, critical"  # RFC 3161 2.3
    return None


def _policies(parsed: Parsed, wanted: Wanted) -> str | None:
    found = [
        oid_ for tag, one in der.elements(der.read(parsed.value(CP) or b"\x30\x00", der.SEQUENCE)) for oid_ in _policy(tag, one)
    ]
    if not found or _ANY_POLICY in found or len(set(found)) != len(found):
        return "none, one twice, or anyPolicy"
    if wanted.profile is None:
        return None
    levels = tuple(wanted.policies.levels) if wanted.profile.level == "all" else (wanted.profile.level,)
    right = [tag_of(policy_oid(wanted.policies, wanted.node.code, level)) for level in levels]
    return None if found == right else "not the profile's level"


def _policy(tag: int, content: bytes) -> list[bytes]:
    return [content for kind, content in der.elements(content) if kind == der.OID] if tag == der.SEQUENCE else []


def _access(parsed: Parsed, wanted: Wanted) -> str | None:
    value = parsed.value(AIA)
    if wanted.issuer is None:
        return None if value is None else "a root has no issuer to point to"
    found: dict[bytes, tuple[int, bytes]] = {}
    for _, description in der.elements(der.read(value or b"\x30\x00", der.SEQUENCE)):
        (_, method), location = der.elements(description)
        found[method] = location
    methods = {_CA_ISSUERS} if parsed.value(NO_CHECK) is not None else {_CA_ISSUERS, _OCSP}
    if found.keys() != methods:
        return "caIssuers and OCSP"
    return None if all(_is_ours(location, wanted) for location in found.values()) else "an address that is not the node's"


def _distribution_points(parsed: Parsed, wanted: Wanted) -> str | None:
    value = parsed.value(CDP)
    if wanted.issuer is None:
        return None if value is None else "a root has no list to point to"
    points = [point for _, point in der.elements(der.read(value or b"\x30\x00", der.SEQUENCE))]
    for point in points:
        ((tag, name),) = der.elements(point)
        ((kind, full_name),) = der.elements(name)
        locations = der.elements(full_name)
        if (tag, kind) != (0xA0, 0xA0) or not locations or not all(_is_ours(location, wanted) for location in locations):
            return "an address that is not the node's"
    return None if points else "missing"


def _is_ours(location: tuple[int, bytes], wanted: Wanted) -> bool:
    return location[0] == _URI and location[1].startswith(f"{wanted.node.url}/".encode())


def _alternative_names(parsed: Parsed, wanted: Wanted) -> str | None:
    value = parsed.value(SAN)
    allowed = () if wanted.profile is None else wanted.profile.alternative_names
    if value is None:
        return "a server without a name" if "dns" in allowed and "server_auth" in _usages(wanted) else None  # RFC 9525 2
    names = der.elements(der.read(value, der.SEQUENCE))
    if not names or len(set(names)) != len(names):
        return "none, or one twice"
    for tag, name in names:
        if _NAME_KINDS.get(tag) not in allowed:
            return "a kind of name that is not for this profile"
        if not (HOST if tag == _DNS else MAILBOX).fullmatch(name):
            return "not a DNS name or mailbox in its one form"
    return None


def _usages(wanted: Wanted) -> tuple[str, ...]:
    return () if wanted.profile is None else wanted.profile.extended_key_usage


def _cross_certificate(parsed: Parsed, wanted: Wanted) -> str | None:
    if wanted.profile_name != cross_certificates.PROFILE:
        return None
    if any(parsed.value(extension) is None for extension in (NC, PM, PC, IAP)) or not parsed.by_oid[tag_of(CP)][0]:
        return "a constraint is missing"
    if parsed.value(IAP) != integer(0) or _ANY_POLICY in _mapped(parsed.value(PM) or b""):
        return "anyPolicy"
    permitted = der.elements(der.read(parsed.value(NC) or b"", der.SEQUENCE))
    if not permitted or permitted[0][0] != 0xA0:  # noqa: PLR2004 - permittedSubtrees [0]
        return "no permitted subtree"
    subtrees = [name for _, subtree in der.elements(permitted[0][1]) for tag, name in der.elements(subtree) if tag == _DIRECTORY]
    within = any(parsed.subject.startswith(der.read(name, der.SEQUENCE)) for name in subtrees)
    return None if within else "the other CA lies outside of its own subtree"


def _mapped(value: bytes) -> list[bytes]:
    return [policy for _, pair in der.elements(der.read(value, der.SEQUENCE)) for _, policy in der.elements(pair)]


def moment(text: str) -> datetime:
    """Return the moment of fourteen digits; ``ValueError`` when there is none such."""
    month, day, hour, minute, second = (int(text[at : at + 2]) for at in range(4, 14, 2))
    return datetime(int(text[:4]), month, day, hour, minute, second, tzinfo=UTC)


OWN: tuple[tuple[str, Check], ...] = (
    ("subject_key_identifier", _subject_key),
    ("authority_key_identifier", _authority_key),
    ("subject_alternative_name", _alternative_names),
    ("cross_certificate", _cross_certificate),
)
"""Those that look at what is a certificate's own."""

SHARED: tuple[tuple[str, Check], ...] = (
    ("extensions", _known_once),
    ("criticality", _criticality),
    ("basic_constraints", _basic_constraints),
    ("key_usage", _key_usage),
    ("extended_key_usage", _extended_key_usage),
    ("certificate_policies", _policies),
    ("authority_information_access", _access),
    ("crl_distribution_points", _distribution_points),
)
"""Those whose answer depends on nothing but the extensions that certificates of a profile have in common (:func:`common`)."""

_ITS_OWN = frozenset(map(tag_of, (SKI, SAN)))


def common(parsed: Parsed) -> tuple[tuple[bytes, bool, bytes], ...]:
    """Return what the answers of ``SHARED`` depend on: every extension, those that differ by their name only."""
    return tuple((name, critical, b"" if name in _ITS_OWN else value) for name, critical, value in parsed.extensions)
