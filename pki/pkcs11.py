"""A PKCS#11 token: the one door to ``pkcs11``. It logs in, makes keys that never leave the token, signs with them.

The library is initialised once a process, without locking of its own: every call goes through one lock. A forked process initialises
it anew, as the standard demands (PKCS#11 3.0, 5.4). When a call fails, the session is given up and the library initialised again,
once: so a token that was away is found when it is back. A PIN that was refused is not tried again, lest the token lock itself.

Left to others: keys as objects of ``cryptography`` (``pkcs11_keys``), labels and secrets (``pkcs11_store``), the PIN's source
(``service.config``).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar

import pkcs11
from asn1crypto.core import OctetString
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from pkcs11 import Attribute, GCMParams, KeyType, Mechanism, MechanismFlag, ObjectClass
from pkcs11.util.ec import encode_named_curve_parameters

from kernel.errors import Misuse
from kernel.randomness import random_bytes
from pki.errors import TOKEN_PIN, TOKEN_UNUSABLE
from pki.records import PublicKey
from policies.models import KeyAlgorithm

Signing = Literal["ecdsa", "rsa", "eddsa"]
Answer = TypeVar("Answer")

_CURVES: dict[KeyAlgorithm, tuple[KeyType, Mechanism, str]] = {
    "P-256": (KeyType.EC, Mechanism.EC_KEY_PAIR_GEN, "secp256r1"),
    "P-384": (KeyType.EC, Mechanism.EC_KEY_PAIR_GEN, "secp384r1"),
    "Ed25519": (KeyType.EC_EDWARDS, Mechanism.EC_EDWARDS_KEY_PAIR_GEN, "1.3.101.112"),
}
_MECHANISMS: dict[Signing, Mechanism] = {"ecdsa": Mechanism.ECDSA, "rsa": Mechanism.RSA_PKCS, "eddsa": Mechanism.EDDSA}
_SECRETS = "chaoxin-secrets"
"""The label of the symmetric key that seals the key of the node's secrets."""
_TAG_BITS = 128


class _MissingError(Exception):
    """Something that was on the token is not there."""


class _Module:
    """A vendor's library as this process uses it: one lock, one session for each token."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.lock = threading.RLock()
        self.sessions: dict[str, Any] = {}
        self.keys: dict[tuple[str, bytes], Any] = {}
        self.refused: dict[str, str] = {}
        self._stale = False

    def library(self) -> Any:
        """Return the library, initialised in this process."""
        if self._stale:
            self.reset()
        return pkcs11.lib(self.path)

    def reset(self) -> None:
        """Give everything up and initialise the library again: only so does it look for tokens anew."""
        self.forget()
        library = pkcs11.lib(self.path)
        with suppress(pkcs11.PKCS11Error):  # also when it says that it never was initialised
            library.finalize()
        library.initialize()
        self._stale = False

    def forget(self) -> None:
        """Forget what belongs to sessions that are gone."""
        self.sessions.clear()
        self.keys.clear()

    def after_fork(self) -> None:
        """Take nothing of the parent's along: neither its sessions nor a lock that another thread of it held."""
        self.lock = threading.RLock()
        self.forget()
        self._stale = True


_modules: list[_Module] = []


@cache
def _module(path: str) -> _Module:
    module = _Module(path)
    _modules.append(module)
    return module


def _after_fork() -> None:
    for module in _modules:
        module.after_fork()


os.register_at_fork(after_in_child=_after_fork)


class Token:
    """The token with ``label`` behind the library ``module``; ``pin`` is asked for whenever it is logged in to."""

    def __init__(self, module: Path, label: str, pin: Callable[[], str]) -> None:
        self.label = label
        self._pin = pin
        self._module = _module(str(module))

    def sign(self, key_id: bytes, how: Signing, data: bytes) -> bytes:
        """Return the signature as the token gives it; ``Misuse(token_unusable)`` when the token cannot."""

        def signed(session: Any) -> bytes:
            key = self._module.keys.get((self.label, key_id))
            if key is None:
                key = self._module.keys[self.label, key_id] = _first(session, ObjectClass.PRIVATE_KEY, key_id)
            signature: bytes = key.sign(data, mechanism=_MECHANISMS[how])
            return signature

        return self._ask(signed)

    def generate(self, label: str, algorithm: KeyAlgorithm) -> None:
        """Make a key pair on the token whose private part cannot be read or taken away."""
        how: dict[str, Any] = {"id": random_bytes(16), "label": label, "store": True}
        private = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False}
        capabilities = MechanismFlag.SIGN | MechanismFlag.VERIFY

        def generated(session: Any) -> None:
            if algorithm == "RSA-3072":
                session.generate_keypair(KeyType.RSA, 3072, capabilities=capabilities, private_template=private, **how)
                return
            kind, mechanism, curve = _CURVES[algorithm]
            parameters = {Attribute.EC_PARAMS: encode_named_curve_parameters(curve)}
            domain = session.create_domain_parameters(kind, parameters, local=True)
            domain.generate_keypair(mechanism=mechanism, capabilities=capabilities, private_template=private, **how)

        self._ask(generated, again=False)  # a key may have been made all the same

    def find(self, label: str) -> Sequence[tuple[bytes, PublicKey]]:
        """Return the keys under ``label``: how the token names each, and its public part."""

        def found(session: Any) -> list[tuple[bytes, PublicKey]]:
            ids = [key[Attribute.ID] for key in _objects(session, ObjectClass.PRIVATE_KEY, {Attribute.LABEL: label})]
            return [(each, _public(_first(session, ObjectClass.PUBLIC_KEY, each))) for each in ids]

        return self._ask(found)

    def labels(self) -> Sequence[str]:
        """Return the labels of all private keys on the token, sorted."""
        return self._ask(lambda session: sorted(key[Attribute.LABEL] for key in _objects(session, ObjectClass.PRIVATE_KEY, {})))

    def seal(self, nonce: bytes, data: bytes, bound: bytes) -> bytes:
        """Return ``data`` encrypted under a symmetric key of the token (AES-256-GCM), which is made if there is none."""

        def sealed(session: Any) -> bytes:
            found = _objects(session, ObjectClass.SECRET_KEY, {Attribute.LABEL: _SECRETS})
            key = found[0] if found else _secret_key(session)
            result: bytes = key.encrypt(data, mechanism=Mechanism.AES_GCM, mechanism_param=GCMParams(nonce, bound, _TAG_BITS))
            return result

        return self._ask(sealed)

    def unseal(self, nonce: bytes, data: bytes, bound: bytes) -> bytes | None:
        """Return what :meth:`seal` encrypted, None when this token did not, or not so."""

        def opened(session: Any) -> bytes | None:
            for key in _objects(session, ObjectClass.SECRET_KEY, {Attribute.LABEL: _SECRETS}):
                parameters = GCMParams(nonce, bound, _TAG_BITS)
                with suppress(pkcs11.GeneralError, pkcs11.EncryptedDataInvalid, pkcs11.EncryptedDataLenRange):
                    result: bytes = key.decrypt(data, mechanism=Mechanism.AES_GCM, mechanism_param=parameters)
                    return result
            return None

        return self._ask(opened)

    def _ask(self, operation: Callable[[Any], Answer], *, again: bool = True) -> Answer:
        """Carry ``operation`` out in the token's session; on a failure once more in a new one."""
        module = self._module
        with module.lock:
            try:
                return operation(self._session())
            except (pkcs11.PKCS11Error, _MissingError) as error:
                if not again:
                    module.forget()
                    raise self._unusable(error) from None
            try:
                module.reset()
                return operation(self._session())
            except (pkcs11.PKCS11Error, _MissingError) as error:
                module.forget()
                raise self._unusable(error) from None

    def _session(self) -> Any:
        module = self._module
        session = module.sessions.get(self.label)
        if session is None:
            pin = self._pin()
            if module.refused.get(self.label) == pin:
                raise Misuse(TOKEN_PIN, token=self.label)
            token = module.library().get_token(token_label=self.label)
            try:
                session = module.sessions[self.label] = token.open(rw=True, user_pin=pin)
            except (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange):
                module.refused[self.label] = pin
                raise Misuse(TOKEN_PIN, token=self.label) from None
        return session

    def _unusable(self, error: Exception) -> Misuse:
        return Misuse(TOKEN_UNUSABLE, token=self.label, problem=str(error) or type(error).__name__)


def _objects(session: Any, kind: ObjectClass, wanted: dict[Attribute, Any]) -> list[Any]:
    return list(session.get_objects({Attribute.CLASS: kind, Attribute.TOKEN: True, **wanted}))


def _first(session: Any, kind: ObjectClass, key_id: bytes) -> Any:
    found = _objects(session, kind, {Attribute.ID: key_id})
    if not found:
        message = f"there is no {kind.name.lower().replace('_', ' ')} {key_id.hex()}"
        raise _MissingError(message)
    return found[0]


def _secret_key(session: Any) -> Any:
    return session.generate_key(
        KeyType.AES,
        256,
        label=_SECRETS,
        store=True,
        capabilities=MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT,
        template={Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False},
    )


def _public(key: Any) -> PublicKey:
    """Return the public part of a key pair, from the attributes of its public object (PKCS#11 2.40, 2.1.2 and 2.3.3)."""
    if key.key_type is KeyType.RSA:
        exponent, modulus = (int.from_bytes(key[each], "big") for each in (Attribute.PUBLIC_EXPONENT, Attribute.MODULUS))
        return rsa.RSAPublicNumbers(exponent, modulus).public_key()
    point: bytes = OctetString.load(key[Attribute.EC_POINT]).native
    if key.key_type is KeyType.EC_EDWARDS:
        return ed25519.Ed25519PublicKey.from_public_bytes(point)
    curves = {encode_named_curve_parameters(one.name): one for one in (ec.SECP256R1(), ec.SECP384R1())}
    return ec.EllipticCurvePublicKey.from_encoded_point(curves[key[Attribute.EC_PARAMS]], point)
