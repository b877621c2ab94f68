"""The keys that sign tokens, and their rotation: certified, published ahead, signing, kept while their tokens live (policies.tokens).

The intent is recorded before a key is made, so that several processes (or one that was killed) end with one key and one record.
A key is certified by the node's issuing CA before it signs, and every token names the certificate (x5t#S256): that is how another
node, which knows this one's certificates and lists, judges the token without asking anybody. A key whose certificate was revoked signs no more.

Left to others: storing private keys (``pki.ports.KeyStore``), the tokens, judging other nodes' tokens (``crosscert.tokens``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from idp.ports import IdpDeps
from idp.recent import Recent
from idp.records import SigningAlgorithm, SigningKey
from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.errors import Misuse
from pki import authority, jose
from pki.records import CertificateRecord, PrivateKey
from pki.roles import ca_in
from policies.models import KeyAlgorithm

PROFILE = "token_signer"
_KEPT = "signing_keys"
_REFRESHED_EVERY = timedelta(seconds=30)
_KEY_ALGORITHMS: dict[SigningAlgorithm, KeyAlgorithm] = {"ES256": "P-256", "RS256": "RSA-3072"}


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys as of ``loaded_at``: one that signs for each algorithm, all that verify by ``kid``, the published JWKS.

    ``every`` has by ``kid`` what was ever published, for what is kept longer than tokens live.
    ``verified`` has what tokens said whose signatures these very keys have verified; with the keys it is forgotten.
    """

    loaded_at: datetime
    signing: Mapping[SigningAlgorithm, jose.JwkKey]
    verifying: Mapping[str, jose.JwkKey]
    every: Mapping[str, Mapping[str, Any]]
    published: tuple[Mapping[str, Any], ...]
    verified: Recent = field(default_factory=Recent, compare=False, repr=False)


def keyring(deps: IdpDeps) -> Keyring:
    """Return the present keys, at most half a minute old; makes the first ones of a new node."""
    now = deps.clock.now()
    kept: Keyring | None = deps.kept.get(_KEPT)
    if kept is None or not timedelta() <= now - kept.loaded_at < _REFRESHED_EVERY:
        kept = deps.kept[_KEPT] = _load(deps)
    return kept


def get_signing_key(deps: IdpDeps, algorithm: SigningAlgorithm) -> jose.JwkKey:
    """Return the key that signs now."""
    return keyring(deps).signing[algorithm]


def rotate(deps: IdpDeps) -> None:
    """Make the keys that are due: the first ones at once, successors as long ahead as policies want them published."""
    rules = deps.policies.tokens
    now = deps.clock.now()
    with deps.work.read() as work:
        keys = work.records.signing_keys()
    for algorithm in rules.signing_algorithms:
        mine = [key for key in keys if key.algorithm == algorithm]
        if mine and mine[-1].certificate is None:
            _make(deps, mine[-1])
        elif not mine:
            _plan(deps, algorithm, 1, now)
        elif _is_revoked(deps, mine[-1]):
            _plan(deps, algorithm, mine[-1].sequence + 1, now)
        elif now >= mine[-1].signs_from + timedelta(seconds=rules.key_signs_seconds - rules.key_published_ahead_seconds):
            _plan(deps, algorithm, mine[-1].sequence + 1, now + timedelta(seconds=rules.key_published_ahead_seconds))
    deps.kept.pop(_KEPT, None)


def _plan(deps: IdpDeps, algorithm: SigningAlgorithm, sequence: int, signs_from: datetime) -> None:
    now = deps.clock.now()
    key = SigningKey(algorithm, sequence, f"oidc-{algorithm.lower()}-{sequence}", signs_from, now)
    with deps.work.begin() as work:
        if work.records.plan_signing_key(key):
            work.audit.record(AuditEvent(now, "system", "idp.make_signing_key", f"key:{key.label}", "intent"))
    _make(deps, key)


def _make(deps: IdpDeps, key: SigningKey) -> None:
    """Make a planned key, have it certified and publish it.

    Whoever comes second finds the same key under the label; the certificate that is recorded first is the one that counts, and another
    one for the same key and name is no worse.
    """
    private = deps.keys.find(key.label)
    if private is None:
        try:
            private = deps.keys.create(key.label, _KEY_ALGORITHMS[key.algorithm])
        except Misuse:
            private = deps.keys.get(key.label)
    public = _suitable(private).public_key()
    kid = jose.thumbprint(public)
    certificate = authority.issue(deps.pki, PROFILE, (*deps.node.names, ("CN", f"{deps.node.name}令牌签名")), public)
    jwk = jose.public_jwk(public, kid, key.algorithm)
    now = deps.clock.now()
    with deps.work.begin() as work:
        work.records.publish_signing_key(replace(key, kid=kid, jwk=jwk, certificate=certificate.der))
        details: dict[str, Json] = {"kid": kid, "serial": certificate.serial}
        work.audit.record(AuditEvent(now, "system", "idp.make_signing_key", f"key:{key.label}", details=details))


def _load(deps: IdpDeps) -> Keyring:
    keys = _published(deps)
    if {key.algorithm for key in keys} < set(deps.policies.tokens.signing_algorithms):
        rotate(deps)
        keys = _published(deps)
    now = deps.clock.now()  # after the keys that may just have been made
    live = [key for key in keys if not _retired(key, keys, now, deps.policies.tokens.key_retired_kept_seconds)]
    signing: dict[SigningAlgorithm, jose.JwkKey] = {}
    for key in live:
        # The last one that may sign does; a first one whose maker's clock was ahead of ours signs all the same.
        if key.signs_from <= now or key.algorithm not in signing:
            private = _suitable(deps.keys.get(key.label))
            signing[key.algorithm] = jose.signing_key(private, kid=key.kid, certificate=_certificate(key))
    every = {key.kid or "": {**(key.jwk or {}), **jose.certified(_chain(deps, key))} for key in keys}
    published = tuple(every[key.kid or ""] for key in live)
    return Keyring(now, signing, jose.parse_jwks({"keys": list(published)}), every, published)


def _published(deps: IdpDeps) -> Sequence[SigningKey]:
    """Return the keys that may be shown to others: certified, and the certificate not revoked."""
    with deps.work.read() as work:
        keys = [key for key in work.records.signing_keys() if key.certificate is not None]
    return [key for key in keys if not _is_revoked(deps, key)]


def _certificate(key: SigningKey) -> bytes:
    if key.certificate is None:
        raise LookupError(key.label)
    return key.certificate


def _chain(deps: IdpDeps, key: SigningKey) -> tuple[bytes, bytes]:
    """Return the key's certificate and its issuer's, whichever of the node's CAs that was."""
    record = _record(deps, key)
    with deps.pki.work.read() as work:
        return record.der, ca_in(deps.pki, work.records, record.ca).record.der


def _is_revoked(deps: IdpDeps, key: SigningKey) -> bool:
    return _record(deps, key).revoked_at is not None


def _record(deps: IdpDeps, key: SigningKey) -> CertificateRecord:
    serial = x509.load_der_x509_certificate(_certificate(key)).serial_number
    return authority.get_certificate(deps.pki, format(serial, "x"))


def _retired(key: SigningKey, keys: Sequence[SigningKey], now: datetime, kept_seconds: int) -> bool:
    successors = (other for other in keys if other.algorithm == key.algorithm and other.sequence == key.sequence + 1)
    return any(now >= successor.signs_from + timedelta(seconds=kept_seconds) for successor in successors)


def _suitable(key: PrivateKey) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        message = "a key for tokens is P-256 or RSA"
        raise TypeError(message)
    return key
