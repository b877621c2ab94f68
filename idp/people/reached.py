"""Who somebody is by what they type to log in: a username, or a phone number or e-mail address at which they were reached.

A contact is never made a username: usernames are stored and told in clear, contacts are encrypted and found by a keyed index. Of several
who confirmed one contact it leads to the first. Left to others: confirming it (``authenticators.contacts``, ``citizens.registration``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from idp.people.accounts import normal_username, open_record
from idp.people.contact_forms import find_email, find_phone
from idp.ports import IdpDeps, IdpWork
from idp.records import Account, AccountRecord, Authenticator, Channel, Switch

Found: TypeAlias = tuple[AccountRecord | None, Sequence[Authenticator], Sequence[Switch]]
"""Whose name it is with all their authenticators, and what is switched off."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed: as a username in its normal form, and the contact that it may be."""

    name: str
    channel: Channel
    contact: str | None

    @property
    def spelling(self) -> str:
        """The one form that all spellings of it share, whether or not it is anybody's."""
        return self.contact or self.name


def read(typed: str) -> Typed:
    """Return what was typed."""
    name, phone = normal_username(typed), find_phone(typed)
    return Typed(name, "email", find_email(typed)) if phone is None else Typed(name, "phone", phone)


def find(work: IdpWork, deps: IdpDeps, typed: Typed) -> AccountRecord | None:
    """Return whose username or confirmed contact was typed."""
    named = work.records.find_username(typed.name)
    reached = _reached(work, deps, typed)
    return named or reached


def names(account: Account) -> tuple[str, ...]:
    """Return all that leads to an account when it is typed, spelt so."""
    contacts = {"phone": account.phone, "email": account.email}
    return account.username, *(read(contacts[channel] or "").spelling for channel in account.confirmed)


def look_up(work: IdpWork, deps: IdpDeps, typed: Typed) -> Found:
    """Return whose username or confirmed contact was typed with their authenticators, and what is switched off; nobody costs the same."""
    named, authenticators, off = work.records.find_named(typed.name)
    if typed.contact is None:
        return named, authenticators, off
    reached = _reached(work, deps, typed)
    others = work.records.authenticators("" if reached is None else reached.id)
    return (reached, others, off) if named is None else (named, authenticators, off)


def _reached(work: IdpWork, deps: IdpDeps, typed: Typed) -> AccountRecord | None:
    if typed.contact is None:
        return None
    records = work.records.accounts_reached_at(typed.channel, deps.vault.index(typed.contact, f"idp.{typed.channel}"))
    confirmed = (one for one in records if typed.channel in open_record(deps, one).confirmed)
    return min(confirmed, key=lambda one: (one.created_at, one.id), default=None)
