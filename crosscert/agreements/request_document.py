"""A node's signed request to be cross-certified, and the code by which two people tell that it arrived as it was sent.

1. The wish and the node's description are put together for one other node, for a few days.
2. The principal CA's key signs a PKCS#10 over the digest of that (in challengePassword, RFC 2985 5.4.1): who asks holds the key now.
3. The node's signer signs all of it.

Left to others: the form (``request_format``), recording who asked what (``agreements``), what may be granted (``constraints``).
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import AttributeOID

from crosscert import node_description
from crosscert.agreements.request_format import VERSION, UnverifiedRequest, parse, wish_json
from crosscert.description_format import UnverifiedDescription
from crosscert.errors import REQUEST_INVALID
from crosscert.ports import CrosscertDeps
from crosscert.records import Wish
from kernel.canonical import Json, canonical
from kernel.clock import rfc3339
from kernel.errors import Refusal
from pki import jose
from pki.certificates import hash_for
from pki.records import PrivateKey
from pki.requests import load_request
from pki.roles import get_chain, get_credential

TYPE = "chaoxin-request+jwt"
VALID = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class VerifiedRequest:
    """A request that proves itself: the key that it wants certified signed it. Whose key that is, two people find by ``code``."""

    description: UnverifiedDescription
    wish: Wish
    code: str
    sha256: str


def make(deps: CrosscertDeps, to: str, wish: Wish) -> bytes:
    """Return this node's request to the node ``to``."""
    # 1.
    document, _etag = node_description.describe(deps)
    now = deps.clock.now()
    body: dict[str, Json] = {
        "version": VERSION,
        "to": to,
        "issued_at": rfc3339(now),
        "expires_at": rfc3339(now + VALID),
        "description_sha256": hashlib.sha256(document).hexdigest(),
        "wish": wish_json(wish),
    }
    # 2.
    principal = get_credential(deps.pki, "principal")
    body["pkcs10"] = base64.b64encode(_pkcs10(principal.certificate.subject, principal.key, _digest(body))).decode()
    # 3.
    signer = get_credential(deps.pki, "node_signer")
    key = jose.signing_key(signer.key)
    jws = jose.sign(canonical(body), key, kid=None, alg=key.alg, typ=TYPE, x5c=get_chain(deps.pki, signer))
    return canonical({"request": body, "description": json.loads(document), "jws": jws})


def verify(document: bytes, own_code: str, at: datetime) -> VerifiedRequest:
    """Return a request to the node ``own_code`` that proves itself; ``Refusal`` when anything in it does not hold."""
    found = parse(document)
    for problem, wrong in (
        ("it is for another node", found.to != own_code),
        ("its time", not found.issued_at <= at < found.expires_at),
        ("it lives too long", found.expires_at - found.issued_at > VALID),
        ("another description", hashlib.sha256(found.description).hexdigest() != found.description_sha256),
    ):
        if wrong:
            raise Refusal(REQUEST_INVALID, problem=problem)
    # The description was of the day on which it was asked: that it still is, the first fetching finds out.
    description = node_description.introduce(found.description, found.issued_at).description
    node_description.check_own_signature(found.jws, TYPE, description, found.issued_at)
    _check_possession(found, description)
    code = verification_code(description, own_code, found.wish)
    return VerifiedRequest(description, found.wish, code, hashlib.sha256(document).hexdigest())


def verification_code(description: UnverifiedDescription, to: str, wish: Wish) -> str:
    """Return sixteen characters (80 bits) that two people can read to each other.

    They cover the root's key, the area code, the address and the wish: whoever changes one of them on the way changes the code.
    """
    node = description.node
    covered: Json = {
        "version": VERSION,
        "node": node.code,
        "url": node.url,
        "key": description.principal.key.hex(),
        "to": to,
        "wish": wish_json(wish),
    }
    text = base64.b32encode(hashlib.sha256(canonical(covered)).digest())[:16].decode()
    return "-".join(text[place : place + 4] for place in range(0, 16, 4))


def _digest(body: Mapping[str, Any]) -> bytes:
    """Return what the principal key signs of a request: all of it but that signature."""
    rest = {name: value for name, value in body.items() if name != "pkcs10"}
    return base64.urlsafe_b64encode(hashlib.sha256(canonical(rest)).digest())


def _pkcs10(subject: x509.Name, key: PrivateKey, challenge: bytes) -> bytes:
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    builder = builder.add_attribute(AttributeOID.CHALLENGE_PASSWORD, challenge)
    return builder.sign(key, hash_for(key)).public_bytes(Encoding.DER)


def _check_possession(found: UnverifiedRequest, description: UnverifiedDescription) -> None:
    """Refuse a PKCS#10 that is not by the principal CA's key, for its name, over this very request (RFC 2986)."""
    try:
        wanted = description.principal.x509
        asked = load_request(found.pkcs10)
        same = _public(asked) == _public(wanted) and asked.subject == wanted.subject
        challenge = asked.attributes.get_attribute_for_oid(AttributeOID.CHALLENGE_PASSWORD).value
    except Exception as error:  # noqa: BLE001 - the parser meets outsiders' bytes
        problem = error.code if isinstance(error, Refusal) else type(error).__name__
        raise Refusal(REQUEST_INVALID, field="pkcs10", problem=f"PKCS#10: {problem}") from None
    if not same or challenge != _digest(found.body):
        raise Refusal(REQUEST_INVALID, field="pkcs10", problem="the principal CA's key did not sign this request")


def _public(holder: x509.CertificateSigningRequest | x509.Certificate) -> bytes:
    return holder.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
