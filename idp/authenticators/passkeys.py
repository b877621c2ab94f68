"""Passkeys (WebAuthn Level 3): discoverable, always verifying their user, for this node's own origin.

What a browser sends is bounded before it is parsed; whatever the library thinks of it, the answer is one refusal.
Left to others: challenges (``challenges``), who may enrol (``changing``), the session that follows (``interaction``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.cose import COSEAlgorithmIdentifier

from idp import notices
from idp.authenticators import challenges, changing, stored_passkey
from idp.authenticators.errors import PASSKEY_CLONED, PASSKEY_KNOWN, PASSKEY_REFUSED
from idp.authenticators.stored_passkey import StoredPasskey
from idp.browsers.sessions import Current
from idp.ports import IdpDeps, IdpWork
from idp.records import Authenticator
from kernel.errors import ChaoxinError, Refusal
from kernel.randomness import token

MAX_ANSWER = 8192
_MAX_KEY = 600  # RSA of 4096 bits
_ALGORITHMS = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]


@dataclass(frozen=True, slots=True)
class Answer:
    """A browser's answer to a challenge, read but not verified."""

    values: dict[str, Any]
    challenge: bytes
    credential_id: bytes
    user: str | None


@dataclass(frozen=True, slots=True)
class Verified:
    """A passkey that just signed, and the count of signatures that it told."""

    authenticator: Authenticator
    passkey: StoredPasskey
    count: int


def creation_options(deps: IdpDeps, current: Current, browser: tuple[str, ...]) -> str:
    """Return what ``navigator.credentials.create`` is given, as JSON."""
    changing.check_fresh(deps, current)
    with deps.work.read() as work:
        known = [one for one in work.records.authenticators(current.account.id) if one.kind == "passkey"]
    identifiers = [bytes_to_base64url(stored_passkey.load(one).credential_id) for one in known]
    options = {
        "challenge": bytes_to_base64url(challenges.make(deps, browser=browser, purpose=_enrolling(current))),
        "rp": {"id": _rp_id(deps), "name": deps.node.name},
        "user": {
            "id": bytes_to_base64url(current.account.id.encode()),
            "name": current.account.username,
            "displayName": current.account.name,
        },
        "pubKeyCredParams": [{"type": "public-key", "alg": int(algorithm)} for algorithm in _ALGORITHMS],
        "authenticatorSelection": {"residentKey": "required", "requireResidentKey": True, "userVerification": "required"},
        "excludeCredentials": [{"type": "public-key", "id": identifier} for identifier in identifiers],
        "attestation": "none",
    }
    return json.dumps(options, ensure_ascii=False)


def enrol(deps: IdpDeps, current: Current, browser: tuple[str, ...], *, text: str, name: str) -> None:
    """Enrol the passkey that answered; ``Refusal`` when the answer is not what was asked for."""
    wanted = changing.check_name(name)
    answer = read_answer(text)
    until = challenges.verify(deps, answer.challenge, browser=browser, purpose=_enrolling(current))
    with _refusing():
        registered = webauthn.verify_registration_response(
            credential=answer.values,
            expected_challenge=answer.challenge,
            expected_rp_id=_rp_id(deps),
            expected_origin=_origin(deps),
            require_user_verification=True,
            supported_pub_key_algs=_ALGORITHMS,
        )
    if len(registered.credential_public_key) > _MAX_KEY or registered.credential_id != answer.credential_id:
        raise Refusal(PASSKEY_REFUSED)
    challenges.consume(deps, answer.challenge, until)
    synced = registered.credential_device_type.value == "multi_device"
    stored = StoredPasskey(registered.credential_id, registered.credential_public_key, synced)
    found_under = stored_passkey.lookup(registered.credential_id)
    new = Authenticator(token(16), current.account.id, "passkey", wanted, stored.dump(), deps.clock.now(), lookup=found_under)
    with changing.change(deps, current) as (work, others):
        if work.records.find_authenticator(found_under) is not None:
            raise Refusal(PASSKEY_KNOWN)
        changing.add(work, deps, current, others, replace(new, counter=registered.sign_count))


def request_options(deps: IdpDeps, browser: tuple[str, ...], transaction_id: str | None) -> str:
    """Return what ``navigator.credentials.get`` is given, as JSON: any passkey of this node will do."""
    challenge = challenges.make(deps, browser=browser, purpose=_logging_in(transaction_id))
    options = {"challenge": bytes_to_base64url(challenge), "rpId": _rp_id(deps), "userVerification": "required"}
    return json.dumps(options)


def verify(deps: IdpDeps, browser: tuple[str, ...], transaction_id: str | None, answer: Answer) -> Verified:
    """Return the passkey that answered this login's challenge, which is used up; ``Refusal`` when it is none of ours."""
    until = challenges.verify(deps, answer.challenge, browser=browser, purpose=_logging_in(transaction_id))
    with deps.work.read() as work:
        authenticator = work.records.find_authenticator(stored_passkey.lookup(answer.credential_id))
    # WebAuthn 7.2 step 6: a discoverable credential names its user, and it must be the one whose key this is.
    if authenticator is None or authenticator.kind != "passkey" or answer.user != authenticator.account_id:
        raise Refusal(PASSKEY_REFUSED)
    passkey = stored_passkey.load(authenticator)
    with _refusing():
        signed = webauthn.verify_authentication_response(
            credential=answer.values,
            expected_challenge=answer.challenge,
            expected_rp_id=_rp_id(deps),
            expected_origin=_origin(deps),
            credential_public_key=passkey.public_key,
            credential_current_sign_count=0,  # the count is compared where it is stored, by one statement
            require_user_verification=True,
        )
    challenges.consume(deps, answer.challenge, until)
    return Verified(authenticator, passkey, signed.new_sign_count)


def use(work: IdpWork, deps: IdpDeps, verified: Verified) -> None:
    """Move its count on; ``Refusal(passkey_cloned)`` when it does not grow (WebAuthn 7.2 step 22). Synced passkeys stay at 0."""
    one, now = verified.authenticator, deps.clock.now()
    if verified.count == 0 and one.counter == 0:
        if not work.records.use_authenticator(one, now):
            raise Refusal(PASSKEY_REFUSED)
    elif not work.records.take_step(one.id, verified.count, now):
        raise Refusal(PASSKEY_CLONED)


def tell_of_copy(deps: IdpDeps, verified: Verified) -> None:
    """Tell a passkey's owner that there seem to be two of it."""
    one = verified.authenticator
    with deps.work.begin() as work:
        notices.tell(work, deps, one.account_id, "passkey_cloned", deps.clock.now(), name=one.name)


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except ChaoxinError:
        raise
    except Exception as error:
        raise Refusal(PASSKEY_REFUSED) from error


def read_answer(text: str) -> Answer:
    """Return what a browser answered, to be verified; ``Refusal`` when it is no answer at all."""
    if len(text) > MAX_ANSWER:
        raise Refusal(PASSKEY_REFUSED)
    with _refusing():
        values = json.loads(text)
        client_data = json.loads(base64url_to_bytes(values["response"]["clientDataJSON"]))
        user = values["response"].get("userHandle")
        return Answer(
            values=values,
            challenge=base64url_to_bytes(client_data["challenge"]),
            credential_id=base64url_to_bytes(values["rawId"]),
            user=None if user is None else base64url_to_bytes(user).decode(),
        )


def _rp_id(deps: IdpDeps) -> str:
    return urlsplit(deps.node.url).hostname or ""


def _origin(deps: IdpDeps) -> str:
    parts = urlsplit(deps.node.url)
    return f"{parts.scheme}://{parts.netloc}"


def _enrolling(current: Current) -> str:
    return f"enrol:{current.session.id}"


def _logging_in(transaction_id: str | None) -> str:
    return f"login:{transaction_id or ''}"
