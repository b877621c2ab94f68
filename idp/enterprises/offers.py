"""Mandates that wait to be accepted, as their parties see them. Left to others: making, accepting and ending them (``appointing``)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from idp.people.accounts import open_record
from idp.ports import IdpDeps, IdpWork
from idp.records import Account, MandateOffer
from kernel.canonical import canonical
from kernel.text import mask, normal_form


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer as its parties see it: ``agent`` by name, ``number`` masked."""

    record: MandateOffer
    organization: Account
    agent: str
    number: str


def seal(deps: IdpDeps, offer_id: str, name: str, number: str) -> bytes:
    """Return what is kept of an agent, so that they are found as long as the offer waits: name and number."""
    return deps.vault.encrypt(canonical({"name": name, "number": number}).decode(), _context(offer_id))


def waiting_for(work: IdpWork, deps: IdpDeps, account: Account, now: datetime) -> Sequence[Offer]:
    """Return what somebody could accept: offers to their number and name."""
    if account.kind != "citizen" or account.resident_id is None:
        return ()
    index = deps.vault.index(account.resident_id, "idp.holder")
    found = [read(work, deps, offer) for offer in work.records.offers(now, agent_index=index)]
    return [one for one in found if one is not None and one.agent == normal_form(account.name)]


def read(work: IdpWork, deps: IdpDeps, offer: MandateOffer) -> Offer | None:
    """Return an offer as its parties see it; None when the organisation's account is gone or disabled."""
    record = work.records.find_account(offer.organization_id)
    if record is None or record.disabled_at is not None:
        return None
    agent = json.loads(deps.vault.decrypt(offer.agent, _context(offer.id)))
    return Offer(offer, open_record(deps, record), agent["name"], mask(agent["number"], head=3, tail=2))


def _context(offer_id: str) -> str:
    return f"idp.mandate_offer:{offer_id}"
