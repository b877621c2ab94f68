"""A client that proves itself by its TLS certificate (RFC 8705 2): one that a trusted CA issued, or one that it registered itself.

A CA is trusted by a path from this node's own anchor, so a county's counts here as far as its cross-certificate and the level that policies
demand of such certificates let it. Left to others: whose word for the certificate is believed (``service.proxies``), the path (``crosscert``).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID

from crosscert.paths.certificates import parse_certificate
from idp.ports import IdpDeps
from idp.records import Client
from kernel.errors import Refusal
from kernel.text import find_unwanted_character
from pki import jose

METHODS = ("tls_client_auth", "self_signed_tls_client_auth")
_MAX_SUBJECT = 500


@dataclass(frozen=True, slots=True)
class Subject:
    """A kind of name: what a client registered of it, the form in which names are compared, and what a certificate has of its kind.

    ``kind`` None is the subject itself. ``normal`` raises ``ValueError`` for what is no such name.
    """

    registered: Callable[[Client], str | None]
    normal: Callable[[str], Any]
    kind: type[x509.DNSName | x509.UniformResourceIdentifier | x509.IPAddress | x509.RFC822Name] | None


def _mailbox(text: str) -> str:
    local, at, domain = text.rpartition("@")
    return f"{local}{at}{domain.lower()}"


SUBJECTS: Mapping[str, Subject] = {
    "tls_client_auth_subject_dn": Subject(lambda client: client.tls_client_auth_subject_dn, x509.Name.from_rfc4514_string, None),
    "tls_client_auth_san_dns": Subject(lambda client: client.tls_client_auth_san_dns, str.lower, x509.DNSName),
    "tls_client_auth_san_uri": Subject(lambda client: client.tls_client_auth_san_uri, str, x509.UniformResourceIdentifier),
    "tls_client_auth_san_ip": Subject(lambda client: client.tls_client_auth_san_ip, ip_address, x509.IPAddress),
    "tls_client_auth_san_email": Subject(lambda client: client.tls_client_auth_san_email, _mailbox, x509.RFC822Name),
}
"""The metadata of which a client with tls_client_auth registers exactly one (RFC 8705 2.1.2)."""


def find_fault(client: Client) -> tuple[str, str, str] | None:
    """Return what is wrong with what a client registers for mutual TLS (field, and why in Chinese and English), or None."""
    given = _given(client)
    first = next(iter(given), "tls_client_auth_subject_dn")
    if client.token_endpoint_auth_method != "tls_client_auth":  # noqa: S105 - a method's name
        if given:
            return first, "只用于 tls_client_auth", "for tls_client_auth only"
    elif len(given) != 1:
        return first, "证书的主体须登记且只登记一项", "exactly one name of the certificate's subject is registered"
    elif _normal(SUBJECTS[first], given[first]) is None:
        return first, "不是正确的名称", "not a proper name"
    if client.token_endpoint_auth_method == "self_signed_tls_client_auth" and not _registered(client):  # noqa: S105 - a method's name
        return "jwks", "须含有证书（x5c），且与密钥一致", "it must hold the certificate (x5c) of each key"
    return None


def is_proven(deps: IdpDeps, client: Client, der: bytes | None) -> bool:
    """Tell whether the certificate that was shown in TLS, if any, is the client's own."""
    if der is None:
        return False
    try:
        certificate = parse_certificate(der).x509
    except Refusal:
        return False
    now = deps.clock.now()
    try:
        if client.token_endpoint_auth_method == "self_signed_tls_client_auth":  # noqa: S105 - a method's name
            return der in _registered(client) and certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
        # The names first: nobody makes us look for a path by naming a client.
        return is_named(client, certificate) and _is_trusted(deps, certificate, now)
    except (TypeError, ValueError):  # a name or an extension that the library cannot read
        return False


def _given(client: Client) -> dict[str, str]:
    found = {name: subject.registered(client) for name, subject in SUBJECTS.items()}
    return {name: text for name, text in found.items() if text is not None}


def is_named(client: Client, certificate: x509.Certificate) -> bool:
    """Tell whether a certificate, trusted or not, is for the name that the client registered."""
    ((name, text),) = _given(client).items()
    subject = SUBJECTS[name]
    wanted = _normal(subject, text)
    if subject.kind is None:
        return bool(certificate.subject == wanted)
    try:
        alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    return wanted in {_normal(subject, str(found)) for found in alternative.get_values_for_type(subject.kind)}


def _is_trusted(deps: IdpDeps, certificate: x509.Certificate, now: datetime) -> bool:
    try:
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    if ExtendedKeyUsageOID.CLIENT_AUTH not in purposes:
        return False
    try:
        return deps.trust.path(certificate, at=now, levels=deps.policies.tokens.client_certificate_level).valid
    except Refusal:
        return False


def _normal(subject: Subject, text: str) -> Any:
    """Return a name in the form in which it is compared; None for what is none, or cannot be kept."""
    if not 0 < len(text) <= _MAX_SUBJECT or find_unwanted_character(text):
        return None
    try:
        return subject.normal(text)
    except ValueError:
        return None


def _registered(client: Client) -> list[bytes]:
    """Return the certificates in the client's own set of keys; none at all when one is not its key's (RFC 7517 4.7)."""
    found = []
    for key in (client.jwks or {}).get("keys", ()):
        try:
            der = base64.b64decode(key["x5c"][0], validate=True)
            certificate = parse_certificate(der).x509
            if certificate.public_key() != jose.parse_jwk(key).public:
                return []
        except (KeyError, IndexError, TypeError, ValueError, binascii.Error, UnsupportedAlgorithm, Refusal):
            return []
        found.append(der)
    return found
