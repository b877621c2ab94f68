"""Who somebody is by what they type to log in: a username, or a phone number or e-mail address at which they were reached.

A contact is never made a username: usernames are stored and told in clear, contacts are encrypted and found by a keyed index. Of several
who confirmed one contact it leads to the first. Left to others: confirming it (``authenticators.contacts``, ``citizens.registration``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from idp.people.accounts import normal_username, open_record
from idp.people.contact_forms import find_email, find_phone
from idp.ports import IdpDeps, IdpWork
from idp.records import Account, AccountRecord, Authenticator, Channel, Switch

Found: TypeAlias = tuple[AccountRecord | None, Sequence[Authenticator], Sequence[Switch]]
"""Whose name it is with all their authenticators, and what is switched off."""


def find(work: IdpWork, deps: IdpDeps, typed: str) -> AccountRecord | None:
    """Return whose username or confirmed contact was typed."""
    named = work.records.find_username(normal_username(typed))
    reached = _reached(work, deps, *_contact(typed))
    return named or reached


def spelling(typed: str) -> str:
    """Return what was typed in the one form that all its spellings share, whether or not it is anybody's."""
    return find_phone(typed) or find_email(typed) or normal_username(typed)


def names(account: Account) -> tuple[str, ...]:
    """Return all that leads to an account when it is typed, spelt so."""
    contacts = {"phone": account.phone, "email": account.email}
    return account.username, *(spelling(contacts[channel] or "") for channel in account.confirmed)


def look_up(work: IdpWork, deps: IdpDeps, typed: str) -> Found:
    """Return whose username or confirmed contact was typed with their authenticators, and what is switched off; nobody costs the same."""
    named, authenticators, off = work.records.find_named(normal_username(typed))
    channel, contact = _contact(typed)
    if contact is None:
        return named, authenticators, off
    reached = _reached(work, deps, channel, contact)
    others = work.records.authenticators("" if reached is None else reached.id)
    return (reached, others, off) if named is None else (named, authenticators, off)


def _contact(typed: str) -> tuple[Channel, str | None]:
    phone = find_phone(typed)
    return ("email", find_email(typed)) if phone is None else ("phone", phone)


def _reached(work: IdpWork, deps: IdpDeps, channel: Channel, contact: str | None) -> AccountRecord | None:
    if contact is None:
        return None
    records = work.records.accounts_reached_at(channel, deps.vault.index(contact, f"idp.{channel}"))
    confirmed = (one for one in records if channel in open_record(deps, one).confirmed)
    return min(confirmed, key=lambda one: (one.created_at, one.id), default=None)
