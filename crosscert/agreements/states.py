"""The states of an agreement and every way from one to another: what is not in the table is refused.

Left to others: what a step needs beside the right state (the operations), moving in the store (``steps``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from crosscert.errors import AGREEMENT_STATE
from crosscert.records import AgreementKind, AgreementState
from kernel.errors import Refusal

Action: TypeAlias = Literal[
    "confirm", "reject", "approve", "agree", "reopen", "issue", "finish", "receive", "renew", "supersede", "revoke", "review"
]
"""``agree``: the last approval that is needed. ``reopen``: what was approved has changed. ``finish``: the signature is recorded."""

Table: TypeAlias = Mapping[AgreementState, Mapping[Action, AgreementState]]

_ISSUER: Table = {
    "requested": {"confirm": "compared", "reject": "rejected"},
    "compared": {"approve": "compared", "agree": "approved", "reject": "rejected"},
    "approved": {"issue": "issuing", "reopen": "compared", "reject": "rejected"},
    "issuing": {"issue": "issuing", "finish": "issued", "reopen": "compared"},
    "issued": {"issue": "issued", "renew": "issued", "supersede": "superseded", "revoke": "revoked"},
    "revoked": {"review": "revoked"},
}
_ASKER: Table = {
    "requested": {"confirm": "compared", "reject": "rejected"},
    "compared": {"receive": "received", "reject": "rejected"},
    "received": {"receive": "received"},
}
TRANSITIONS: Mapping[AgreementKind, Table] = {"node": _ISSUER, "outside": _ISSUER, "asked": _ASKER}
"""``superseded`` and ``rejected`` are the end; ``revoked`` is, but for its review."""


def after(kind: AgreementKind, state: AgreementState, action: Action) -> AgreementState:
    """Return the state that ``action`` leads to; ``Refusal(agreement_state)`` where there is no such way."""
    target = TRANSITIONS[kind].get(state, {}).get(action)
    if target is None:
        raise Refusal(AGREEMENT_STATE, field="state", state=state, action=action)
    return target
