"""Certificate requests of outsiders (PKCS#10, RFC 2986): read within bounds, possession proven, held against a profile.

A request says what somebody wants; nothing in it is believed but the key. What it may carry is written down here, and everything else
is refused rather than overlooked.

Left to others: who may ask and for whom (``enrolment``, the commands), issuing (``authority``), what nodes ask of each other (``crosscert``).
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import cast

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtensionOID

from kernel.errors import Refusal
from pki import der_reader as der
from pki.certificates import EXTENDED_KEY_USAGES, check_key
from pki.life_errors import REQUEST_MALFORMED, REQUEST_UNSUITABLE, REQUESTER_UNSUITABLE
from pki.lint.extensions import HOST, MAILBOX
from pki.lint.keys import key_algorithm
from pki.names import NAMES_OF, check_below, x509_name
from pki.ports import PkiDeps
from pki.records import CertificateRequest, Names, PublicKey
from policies.certificates import get_profile
from policies.models import Profile, Requester

MAX_REQUEST_BYTES = 16384

_PEM = re.compile(rb"-----BEGIN (NEW )?CERTIFICATE REQUEST-----\s+([A-Za-z0-9+/=\s]+)-----END (NEW )?CERTIFICATE REQUEST-----")
_HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512, type(None))  # Ed25519 names none
_MALFORMED = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
_EXTENSION_REQUEST = "1.2.840.113549.1.9.14"
_IGNORED_ATTRIBUTES = frozenset({"1.2.840.113549.1.9.7", "1.2.840.113549.1.9.2"})
"""challengePassword and unstructuredName: some programs put them in unasked, and nothing follows from them here."""
_MOST_NAMES = 20
_REPLACED = frozenset({ExtensionOID.SUBJECT_KEY_IDENTIFIER})
_USAGES = ("digital_signature", "content_commitment", "key_encipherment", "key_agreement", "key_cert_sign", "crl_sign")


@dataclass(frozen=True, slots=True)
class VerifiedRequest:
    """What was asked for by somebody who has the private key; the names are what they say they are, no more."""

    subject: Names
    public_key: PublicKey
    dns_names: tuple[str, ...]
    emails: tuple[str, ...]
    extensions: x509.Extensions


def verify_request(content: bytes) -> VerifiedRequest:
    """Return what a request (DER or PEM) asks for, its signature checked.

    ``Refusal(request_malformed)`` for what is none, ``Refusal(request_unsuitable)`` for a weak key or signature and for what has no
    place in a request here.
    """
    request = load_request(_der(content))
    try:
        attributes = {attribute.oid.dotted_string for attribute in request.attributes}
        extensions = request.extensions
        names = _names(request.subject)
        public_key = cast("PublicKey", request.public_key())
    except _MALFORMED as error:
        raise Refusal(REQUEST_MALFORMED, problem=type(error).__name__) from None
    if unknown := attributes - _IGNORED_ATTRIBUTES - {_EXTENSION_REQUEST}:
        raise _unsuitable(problem=f"an attribute that is not accepted: {min(unknown)}")
    dns_names, emails = _alternative_names(extensions)
    return VerifiedRequest(names, public_key, dns_names, emails, extensions)


def load_request(encoded: bytes) -> x509.CertificateSigningRequest:
    """Return a request in DER, of bounded size, that the key in it signed; the same refusals. Nothing else in it was looked at yet."""
    _check_form(encoded)
    try:
        request = x509.load_der_x509_csr(encoded)
        if not isinstance(request.signature_hash_algorithm, _HASHES):
            raise _unsuitable(problem="the signature's hash must be SHA-256 or stronger")
        if not request.is_signature_valid:
            raise _unsuitable(problem="it is not signed by the key that is in it")
    except _MALFORMED as error:
        raise Refusal(REQUEST_MALFORMED, problem=type(error).__name__) from None
    return request


def judge(deps: PkiDeps, request: VerifiedRequest, profile_name: str, way: Requester) -> CertificateRequest:
    """Return the request as one that may be issued by the profile, asked for in this ``way``.

    ``Refusal`` when the profile is not given in this way, and for a name, a key, an alternative name or a usage that it does not have.
    """
    profile = check_wish(deps, profile_name, way, request.subject, dns_names=request.dns_names, emails=request.emails)
    check_key(profile_name, profile, request.public_key)
    _check_extensions(request.extensions, profile)
    return CertificateRequest(profile_name, request.subject, request.public_key, request.dns_names, request.emails)


def check_wish(
    deps: PkiDeps, profile_name: str, way: Requester, subject: Names, *, dns_names: tuple[str, ...], emails: tuple[str, ...]
) -> Profile:
    """Return the profile, which is given in this ``way`` and to these names; ``Refusal`` as of :func:`judge`."""
    profile = get_profile(deps.policies, profile_name)
    if way not in profile.requested_by or profile.kind != "end_entity":
        raise Refusal(REQUESTER_UNSUITABLE, field="profile", profile=profile_name, way=way)
    x509_name(subject)
    check_below(subject, deps.node.names)
    below = [short for short, _ in subject[len(deps.node.names) :]]
    if below.count("CN") != 1 or below[-1] != "CN" or not set(below) <= set(profile.subject_attributes):
        raise _unsuitable(problem=f"below the node's name: {', '.join(profile.subject_attributes)}; CN once, at the end")
    for kind, names, form in (("dns", dns_names, HOST), ("email", emails, MAILBOX)):
        if len(set(names)) != len(names) or not all(form.fullmatch(name.encode()) for name in names):
            raise _unsuitable(problem="alternative names: each once, in lower case, no wildcards")
        if names and kind not in profile.alternative_names:
            raise _unsuitable(problem=f"alternative names of the kind {kind}")
    if "server_auth" in profile.extended_key_usage and not dns_names:
        raise _unsuitable(problem="a server needs a DNS name")
    return profile


def _der(content: bytes) -> bytes:
    if len(content) > MAX_REQUEST_BYTES:
        raise Refusal(REQUEST_MALFORMED, problem=f"> {MAX_REQUEST_BYTES}")
    found = _PEM.search(content)
    if found is None:
        return content
    try:
        return base64.b64decode(b"".join(found[2].split()), validate=True)
    except binascii.Error:
        raise Refusal(REQUEST_MALFORMED, problem="PEM") from None


def _check_form(encoded: bytes) -> None:
    """Refuse what is not DER of the right form, and a key that is costly to compute with, before any library sees it."""
    try:
        content = der.read(encoded, der.SEQUENCE)
        der.check(content)
        (_, info), _, _ = der.elements(content)
        _, _, (_, key), *_ = der.elements(info)
        algorithm = key_algorithm(key)
    except (ValueError, IndexError):  # DerError, or parts that are not as many as they should be
        raise Refusal(REQUEST_MALFORMED, problem="not a CertificationRequest in DER") from None
    if algorithm is None:
        raise _unsuitable(problem="a key of a kind or size that is not accepted")


def _names(subject: x509.Name) -> Names:
    """Return the subject from the top; its string types do not matter, since it is written anew."""
    found = []
    for rdn in subject.rdns:
        (attribute,) = rdn
        if attribute.oid not in NAMES_OF or not isinstance(attribute.value, str):
            raise _unsuitable(problem=f"subject: {attribute.oid.dotted_string}")
        found.append((NAMES_OF[attribute.oid], attribute.value))
    return tuple(found)


def _alternative_names(extensions: x509.Extensions) -> tuple[tuple[str, ...], tuple[str, ...]]:
    try:
        names = list(extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        return (), ()
    if len(names) > _MOST_NAMES or len(set(names)) != len(names):
        raise _unsuitable(problem=f"alternative names: one twice, or more than {_MOST_NAMES}")
    if not all(isinstance(name, x509.DNSName | x509.RFC822Name) for name in names):
        raise _unsuitable(problem="alternative names: DNS and e-mail only")
    dns_names = tuple(name.value for name in names if isinstance(name, x509.DNSName))
    return dns_names, tuple(name.value for name in names if isinstance(name, x509.RFC822Name))


def _check_extensions(extensions: x509.Extensions, profile: Profile) -> None:
    """Refuse a request for more than the profile gives. What it asks for of what the profile gives anyway is welcome."""
    given = {EXTENDED_KEY_USAGES[usage] for usage in profile.extended_key_usage}
    for extension in extensions:
        value = extension.value
        if isinstance(value, x509.KeyUsage):
            wider = any(getattr(value, usage) and usage not in profile.key_usage for usage in _USAGES) or value.data_encipherment
        elif isinstance(value, x509.ExtendedKeyUsage):
            wider = not set(value) <= given
        elif isinstance(value, x509.BasicConstraints):
            wider = value.ca
        else:
            wider = extension.oid not in {*_REPLACED, ExtensionOID.SUBJECT_ALTERNATIVE_NAME}
        if wider:
            raise _unsuitable(problem=f"the extension {extension.oid.dotted_string} asks for more than the profile gives")


def _unsuitable(*, problem: str) -> Refusal:
    return Refusal(REQUEST_UNSUITABLE, problem=problem)
