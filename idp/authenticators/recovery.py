"""Recovery codes: ten, for when the second factor is lost. Shown once, stored as keyed digests, each used once.

Left to others: how often one may be tried (``people.throttle``), who may make them (``changing``).
"""

from __future__ import annotations

import base64

from idp import notices
from idp.authenticators import changing
from idp.authenticators.errors import RECOVERY_CODE_WRONG, SECOND_FACTOR_FIRST
from idp.browsers.sessions import Current
from idp.ports import IdpDeps
from idp.records import Authenticator
from kernel.errors import Refusal
from kernel.randomness import random_bytes, token

COUNT = 10
_LENGTH = 12  # of base32: 60 bits, against five tries in a quarter of an hour
_READ_AS = str.maketrans("018", "OIB")  # base32 has none of these digits


def make(deps: IdpDeps, current: Current) -> tuple[str, ...]:
    """Return a new set of codes, which nobody can be shown again; an earlier set is void from now on."""
    codes = tuple(base64.b32encode(random_bytes(10)).decode()[:_LENGTH] for _ in range(COUNT))
    now = deps.clock.now()
    new = Authenticator(token(16), current.account.id, "recovery", "", b"", now)
    with changing.change(deps, current) as (work, authenticators):
        if not any(one.kind in {"totp", "passkey"} for one in authenticators):
            raise Refusal(SECOND_FACTOR_FIRST)
        for old in (one for one in authenticators if one.kind == "recovery"):
            work.records.remove_authenticator(old.id)
        others = [one for one in authenticators if one.kind != "recovery"]
        changing.add(work, deps, current, others, new)
        work.records.add_recovery_codes(new.id, [_digest(deps, new, code) for code in codes])
    return tuple(f"{code[:4]}-{code[4:8]}-{code[8:]}" for code in codes)


def is_like_one(code: str) -> bool:
    """Tell whether what was typed has the length of a recovery code, however it was spaced."""
    return len(_normal(code)) == _LENGTH


def accept(deps: IdpDeps, authenticator: Authenticator, code: str) -> None:
    """Use a code up and tell its owner; ``Refusal`` when it is none or was used before."""
    now = deps.clock.now()
    with deps.work.begin() as work:
        if not work.records.take_recovery_code(authenticator.id, _digest(deps, authenticator, code), now):
            raise Refusal(RECOVERY_CODE_WRONG, field="code")
        work.records.use_authenticator(authenticator, now)
        left = work.records.count_recovery_codes(authenticator.id)
        notices.tell(work, deps, authenticator.account_id, "recovery_used", now, left=left)


def _digest(deps: IdpDeps, authenticator: Authenticator, code: str) -> bytes:
    return deps.vault.digest(_normal(code), f"idp.recovery:{authenticator.id}")


def _normal(code: str) -> str:
    return "".join(code.replace("-", "").split()).upper().translate(_READ_AS)
