"""What is typed after the password: a one-time code of any of the account's applications, or a recovery code.

Left to others: how often one may try (``people.throttle``), passkeys (``passkeys``), which need nothing before them.
"""

from __future__ import annotations

from collections.abc import Sequence

from idp.authenticators import recovery
from idp.authenticators.errors import RECOVERY_CODE_WRONG
from idp.errors import ONE_TIME_CODE_USED, ONE_TIME_CODE_WRONG
from idp.people import one_time_codes
from idp.ports import IdpDeps
from idp.records import Authenticator
from kernel.errors import Refusal


def accept(deps: IdpDeps, authenticators: Sequence[Authenticator], code: str) -> None:
    """Use a code up; ``Refusal`` when no authenticator has it or it was used before."""
    if recovery.is_like_one(code):
        for one in authenticators:
            if one.kind == "recovery":
                recovery.accept(deps, one, code)
                return
        raise Refusal(RECOVERY_CODE_WRONG, field="code")
    found = Refusal(ONE_TIME_CODE_WRONG, field="code")
    for one in authenticators:
        if one.kind == "totp":
            try:
                one_time_codes.accept(deps, one, code)
            except Refusal as refusal:
                if refusal.error is ONE_TIME_CODE_USED:
                    found = refusal
            else:
                return
    raise found
