"""What each form of the console does when it is sent: whether it wants a login of just now, and how it is taken back.

The one place for all of them: the guard asks here, and what is not told of here is not done. Left to others: who may (``roles.toml``),
the words with which a page says what an act will do (``templates``), that a second person is another one (the rooms).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Undone = Literal["nothing", "opposite", "second", "reviewed", "waits"]
"""``nothing`` was changed · ``opposite``: another act of the console takes it back · ``second``: another person must agree before it counts ·
``reviewed``: another person looks it over afterwards · ``waits``: it takes effect later, and whom it concerns was told and can stop it."""


@dataclass(frozen=True, slots=True)
class Act:
    """One form: how it is taken back, ``by`` which act where that is another one, and whether it is done by a login of just now only."""

    undone: Undone
    by: str = ""
    fresh: bool = True


_LOOK = Act("nothing", fresh=False)
_PERSONAL_LOOK = Act("nothing")
_SECOND = Act("second")

ACTS: Mapping[str, Act] = {
    # What only shows something. A look at a person is audited and told to them.
    "check_chain": _LOOK,
    "explain": _LOOK,
    "list_licenses": _LOOK,
    "find_people": _LOOK,
    "find_person": _PERSONAL_LOOK,
    # Agreements: one admin asks, another compares, two approve; what was revoked is looked over by somebody else.
    "ask_for_agreement": _SECOND,
    "take_agreement": _SECOND,
    "confirm_agreement": _SECOND,
    "approve_agreement": _SECOND,
    "reject_agreement": Act("opposite", by="ask_for_agreement"),
    "issue_agreement": Act("opposite", by="revoke_agreement"),
    "receive_agreement": _LOOK,  # the worker does the same by itself: what was agreed on is fetched
    "revoke_agreement": Act("reviewed", by="review_agreement"),
    "review_agreement": _SECOND,
    # The node's own CAs: one admin asks for a new key, two others approve; until they have, it is withdrawn.
    "request_rollover": Act("opposite", by="withdraw_rollover"),
    "approve_rollover": _SECOND,
    "withdraw_rollover": Act("opposite", by="request_rollover"),
    # Departments' systems.
    "register_client": Act("opposite", by="disable_client"),
    "promote_client": Act("opposite", by="disable_client"),
    "disable_client": Act("opposite", by="enable_client"),
    "enable_client": Act("opposite", by="disable_client"),
    "secret_client": Act("opposite", by="drop_client"),
    "drop_client": Act("opposite", by="secret_client"),
    "retry_logouts": Act("nothing", fresh=False),  # what departments are owed anyway
    # People.
    "disable_person": Act("opposite", by="enable_person"),
    "enable_person": Act("opposite", by="disable_person"),
    "change_role": Act("opposite", by="change_role"),  # giving one takes a second admin as well
    "approve_proposal": _SECOND,
    "reject_proposal": Act("opposite", by="change_role"),
    "prove_person": Act("opposite", by="disable_person"),
    "recover_account": Act("waits"),
    "open_account": Act("opposite", by="disable_person"),
    "recover_official": _SECOND,
    "decide_case": Act("opposite", by="reopen_case"),
    "reopen_case": Act("opposite", by="decide_case"),
    "switch_off": Act("opposite", by="switch_on"),
    "switch_on": Act("opposite", by="switch_off"),
    # Licences: what cannot be restored takes two officers (``licenses.toml``). An application is the day's work, and is withdrawn as any licence.
    "do_act": Act("opposite", by="do_act"),
    "decide_act": _SECOND,
    "apply": Act("opposite", by="do_act", fresh=False),
    "take_batch": Act("opposite", by="decide_batch", fresh=False),  # nothing is issued until somebody decides on it
    "decide_batch": Act("opposite", by="do_act"),
    "propose_template": _SECOND,
    "decide_template": _SECOND,
}
"""Every form of the console by its endpoint."""
