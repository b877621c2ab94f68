"""An agreement as the console shows it: how far it has come, what it would change, and what can be done with it next.

Left to others: every step (``crosscert.agreements``), what would become valid (``crosscert.plan``), words and colours (``templates``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from crosscert import agreements
from crosscert.agreements import plans
from crosscert.agreements.states import TRANSITIONS
from crosscert.plan_format import Plan
from crosscert.ports import CrosscertDeps
from crosscert.records import Agreement

_STEPS = {"requested": 1, "compared": 2, "approved": 3, "issuing": 3, "issued": 4, "received": 4}


@dataclass(frozen=True, slots=True)
class AgreementPage:
    """An agreement, and what its page tells.

    ``code`` and ``fingerprint`` are None while they are to be typed as the other side reads them out. ``needed`` is how many admins
    must approve. ``plan`` is what issuing would change, or once issued what revoking would; None where neither can happen.
    ``acts`` are the steps that may follow (``crosscert.agreements.states``). ``step`` counts from 1 to 4, 5 at an end.
    """

    agreement: Agreement
    code: str | None
    fingerprint: str | None
    needed: int
    plan: Plan | None
    acts: frozenset[str]
    review_until: datetime | None

    @property
    def step(self) -> int:
        """How far it has come."""
        return _STEPS.get(self.agreement.state, 5)


def get_agreement(deps: CrosscertDeps, identifier: str) -> AgreementPage:
    """Return what the page of an agreement tells; ``Refusal`` for one that is not known."""
    found = agreements.get(deps, identifier)
    acts = frozenset[str](TRANSITIONS[found.kind].get(found.state, {}))
    plan = None
    if acts & {"approve", "finish"} or (found.kind != "asked" and "issue" in acts and found.state == "approved"):
        plan = plans.plan_of(deps, found)
    elif "revoke" in acts:
        plan = plans.plan_of_revocation(deps, found)
    until = agreements.review_until(deps, found)
    if until is None:
        acts -= {"review"}
    return AgreementPage(
        agreement=found,
        code=agreements.shown_code(found),
        fingerprint=agreements.shown_fingerprint(found),
        needed=deps.policies.cross_certificates.approvers,
        plan=plan,
        acts=acts,
        review_until=until,
    )
