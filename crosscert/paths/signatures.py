"""Signatures of certificates and revocation lists: which algorithms count, each verified once, all within a time budget.

Left to others: whose key it must be (``discovery``, ``crls``, ``validation``).
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Hashable, Iterable
from datetime import datetime
from threading import Lock
from typing import Generic, NamedTuple, Protocol, TypeVar

from asn1crypto import algos, keys, x509
from cryptography.exceptions import InvalidSignature
from pyhanko_certvalidator.policy_decl import AlgorithmUsageConstraint, AlgorithmUsagePolicy
from pyhanko_certvalidator.sig_validate import (
    DEFAULT_VALIDATION_CONTEXT,
    DefaultSignatureValidator,
    SignatureValidationContext,
    SignatureValidator,
)

from crosscert.paths.deadline import Deadline

_HASHES = frozenset({"sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512"})
_CURVES = frozenset({"secp256r1", "secp384r1", "secp521r1"})
_MIN_RSA_BITS, _MAX_RSA_BITS = 2048, 8192
_KEPT = 100_000


class AllowedAlgorithms(AlgorithmUsagePolicy):
    """RSA of 2,048 to 8,192 bits and ECDSA on the NIST curves with SHA-2 or SHA-3, Ed25519, Ed448. Everything else is refused."""

    def digest_algorithm_allowed(self, algo: algos.DigestAlgorithm, moment: datetime | None) -> AlgorithmUsageConstraint:
        """Tell whether a digest counts, at any moment."""
        del moment
        return AlgorithmUsageConstraint(algo["algorithm"].native in _HASHES)

    def signature_algorithm_allowed(
        self, algo: algos.SignedDigestAlgorithm, moment: datetime | None, public_key: keys.PublicKeyInfo | None
    ) -> AlgorithmUsageConstraint:
        """Tell whether a signature mechanism with this key counts, at any moment."""
        del moment
        return AlgorithmUsageConstraint(public_key is not None and is_allowed(algo, public_key))


def is_allowed(algorithm: algos.SignedDigestAlgorithm, public_key: keys.PublicKeyInfo) -> bool:
    """Tell whether a signature mechanism with this key counts."""
    try:
        mechanism = algorithm.signature_algo
    except ValueError:
        return False
    if mechanism in {"ed25519", "ed448"}:
        return bool(public_key.algorithm == mechanism)
    if algorithm.hash_algo not in _HASHES:
        return False
    if mechanism in {"rsassa_pkcs1v15", "rsassa_pss"}:
        return public_key.algorithm in {"rsa", "rsassa_pss"} and _MIN_RSA_BITS <= public_key.bit_size <= _MAX_RSA_BITS
    return mechanism == "ecdsa" and public_key.algorithm == "ec" and public_key.curve[1] in _CURVES


class Signature(NamedTuple):
    """A signature and what it is of: the very bytes that were signed."""

    body: bytes
    value: bytes
    algorithm: algos.SignedDigestAlgorithm


class SignedObject(Protocol):
    """A certificate or a revocation list."""

    @property
    def sha256(self) -> str:
        """The digest of all of it."""

    @property
    def signature(self) -> Signature:
        """Its signature."""


class Issuer(Protocol):
    """A certificate whose key signs."""

    @property
    def key(self) -> bytes:
        """The digest of the public key info."""

    @property
    def asn1(self) -> x509.Certificate:
        """The certificate."""


def is_signed(found: SignedObject, issuer: Issuer) -> bool:
    """Tell whether a certificate or list was signed by the issuer's key with an algorithm that counts; computed once a process.

    The answer is kept by the digest of what is signed, signature and all, and the digest of the key, so it is never wrong later.
    """
    identity = (found.sha256, issuer.key)
    known = _answers.get(identity)
    if known is None:
        signature, public_key = found.signature, issuer.asn1.public_key
        known = is_allowed(signature.algorithm, public_key)
        if known:
            try:
                _verify(signature.value, signature.body, public_key, signature.algorithm)
            except InvalidSignature:
                known = False
        _answers.put(identity, known)
    return known


class VerifiedLists(SignatureValidator):
    """What the library may believe of lists that were verified before and cut down since: each under the key of its signer, alone."""

    def __init__(self, lists: Iterable[tuple[bytes, bytes]]) -> None:
        self._known = frozenset(lists)

    def validate_signature(
        self,
        signature: bytes,
        signed_data: bytes,
        public_key_info: keys.PublicKeyInfo,
        signature_algorithm: algos.SignedDigestAlgorithm,
        context: SignatureValidationContext = DEFAULT_VALIDATION_CONTEXT,
    ) -> None:
        """Accept what was verified under this key; ``InvalidSignature`` for anything else."""
        del signature, signature_algorithm, context
        if (signed_data, hashlib.sha256(public_key_info.dump()).digest()) not in self._known:
            raise InvalidSignature


class BudgetedSignatures(SignatureValidator):
    """What the library verifies signatures with: each is computed once a process, and none after the deadline."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline

    def validate_signature(
        self,
        signature: bytes,
        signed_data: bytes,
        public_key_info: keys.PublicKeyInfo,
        signature_algorithm: algos.SignedDigestAlgorithm,
        context: SignatureValidationContext = DEFAULT_VALIDATION_CONTEXT,
    ) -> None:
        """Verify one signature; ``InvalidSignature``, or ``OutOfTime`` from the deadline."""
        self._deadline.check()
        _verify(signature, signed_data, public_key_info, signature_algorithm, context)


_Key = TypeVar("_Key", bound=Hashable)


class _Kept(Generic[_Key]):
    """The last answers. What was right or wrong stays so; bounded, and losing one costs time only."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._entries: OrderedDict[_Key, bool] = OrderedDict()
        self._lock = Lock()

    def get(self, key: _Key) -> bool | None:
        return self._entries.get(key)

    def put(self, key: _Key, answer: bool) -> None:  # noqa: FBT001 - an answer, not a switch
        with self._lock:
            self._entries[key] = answer
            while len(self._entries) > self._size:
                self._entries.popitem(last=False)


_answers: _Kept[tuple[str, bytes]] = _Kept(_KEPT)
_verified: _Kept[bytes] = _Kept(_KEPT)
_library = DefaultSignatureValidator()


def _verify(
    signature: bytes,
    signed_data: bytes,
    public_key: keys.PublicKeyInfo,
    algorithm: algos.SignedDigestAlgorithm,
    context: SignatureValidationContext = DEFAULT_VALIDATION_CONTEXT,
) -> None:
    hashed = hashlib.sha256()
    for part in (signature, signed_data, public_key.dump(), algorithm.dump()):
        hashed.update(len(part).to_bytes(8, "big"))
        hashed.update(part)
    digest = hashed.digest()
    if _verified.get(digest):
        return
    try:
        _library.validate_signature(signature, signed_data, public_key, algorithm, context)
    except InvalidSignature:
        raise
    except Exception:  # noqa: BLE001 - a key that cannot be loaded verifies nothing
        raise InvalidSignature from None
    _verified.put(digest, True)  # noqa: FBT003 - an answer
