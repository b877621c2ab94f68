"""What a request would tell a department of a person, piece by piece, as the person is asked about it.

A piece is a scope, the claims with evidence, or another system's interface that may be used for the person.

Left to others: when they are asked (``authorize.interactions``), the page (``interaction.consent``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from idp.claims import verified
from idp.claims.told import obtainable, scopes_told, told_of
from idp.claims.values import Shown, shown, values
from idp.claims.verified_request import MEMBER
from idp.ports import IdpDeps, IdpWork
from idp.records import Account, ClaimNames, Client, Consent
from kernel.errors import Text
from policies import claims
from policies.claim_models import ConsentRule

RESOURCE = "resource:"
"""Stands before the address of a resource among what is remembered."""
_NOTHING: frozenset[str] = frozenset()
_WITH_EVIDENCE = Text("有凭据证明的信息", "information with the evidence that proves it")


@dataclass(frozen=True, slots=True)
class Item:
    """A piece: the sentence that names it, the person's own values, how often they are asked, whether they may leave it out."""

    scope: str
    sentence: Text
    values: Mapping[str, Any] = field(repr=False)
    rule: ConsentRule
    optional: bool

    @property
    def keys(self) -> frozenset[str]:
        """What is remembered of it: the names of its claims, or its own where it has none."""
        if self.scope == MEMBER:
            return frozenset(f"{MEMBER}.{name}" for name in self.values)
        return frozenset(self.values) or frozenset((self.scope,))

    @property
    def shown(self) -> tuple[Shown, ...]:
        """The values as the person sees them."""
        return tuple(one for name, value in self.values.items() if (one := shown(name, value)) is not None)


def find_items(
    work: IdpWork,
    deps: IdpDeps,
    client: Client,
    account: Account,
    *,
    scopes: tuple[str, ...],
    names: ClaimNames,
    resources: tuple[str, ...] = (),
) -> tuple[Item, ...]:
    """Return what would be told of ``account`` and used for them; a scope that has nothing to tell of them is left out."""
    policies, known = deps.policies.claims, values(account)
    release = claims.release_for(policies, client.department)
    by_name = (*names.id_token, *names.userinfo)
    named = obtainable(deps, client).intersection(by_name) if by_name else _NOTHING
    given, found = claims.given_to(policies, client.department), []
    for scope in scopes_told(deps, client, scopes, names):
        of_scope = given.get(scope, _NOTHING)
        told_now = told_of(known, of_scope if scope in scopes else of_scope & named)
        if told_now or scope == "openid" or not policies.scopes[scope].claims:
            sentence = Text(policies.scopes[scope].zh, policies.scopes[scope].en)
            rule = claims.consent_rule(policies, client.department, scope)
            found.append(Item(scope, sentence, told_now, _stricter(client, rule), scope in release.optional))
    asked = (*names.id_token_verified, *names.userinfo_verified)
    with_evidence = verified.names(verified.answer(work, deps, client, account, asked))
    if with_evidence:
        found.append(Item(MEMBER, _WITH_EVIDENCE, with_evidence, _stricter(client, policies.verified_consent), optional=True))
    return (*found, *_interfaces(work, deps, client, scopes, resources))


def _interfaces(
    work: IdpWork, deps: IdpDeps, client: Client, scopes: tuple[str, ...], resources: tuple[str, ...]
) -> Iterator[Item]:
    """Return a piece for each resource (RFC 8707) that another system answers for, remembered by its address."""
    if not resources:
        return
    policies = deps.policies.claims
    asked = any(claims.consent_rule(policies, client.department, scope) != "never" for scope in scopes)
    for resource in resources:
        server = work.records.find_resource(resource)
        if server is not None and server.client_id != client.client_id:
            title = server.title
            sentence = Text(f"以您的名义使用“{title.zh}”的接口", f"use the interface of “{title.en}” on your behalf")
            rule = _stricter(client, "once" if asked else "never")
            yield Item(f"{RESOURCE}{resource}", sentence, {}, rule, optional=False)


def unanswered(items: Iterable[Item], consent: Consent | None) -> tuple[Item, ...]:
    """Return the pieces that the person has neither agreed to nor left out before, and those that are asked about always."""
    agreed, declined = (frozenset(consent.claims), consent.declined) if consent is not None else (frozenset(), ())

    def is_open(item: Item) -> bool:
        return not item.keys <= agreed and not (item.optional and item.scope in declined)

    return tuple(item for item in items if item.rule == "always" or is_open(item))


def keys(items: Iterable[Item]) -> frozenset[str]:
    """Return what is remembered of all of them."""
    return frozenset().union(*(item.keys for item in items))


def told(consent: Consent | None) -> frozenset[str]:
    """Return what was told before."""
    return frozenset() if consent is None else frozenset(consent.told)


def kept(items: Iterable[Item], consent: Consent | None) -> tuple[Item, ...]:
    """Return the pieces that the person has not left out."""
    items = tuple(items)
    gone = left_out(items, () if consent is None else consent.declined)
    return tuple(item for item in items if item.scope not in gone)


def left_out(items: Iterable[Item], declined: Iterable[str]) -> frozenset[str]:
    """Return those of the declined pieces that may be left out."""
    declined = frozenset(declined)
    return frozenset(item.scope for item in items if item.optional and item.scope in declined)


def granted_scopes(
    deps: IdpDeps, client: Client, scopes: Iterable[str], *, items: Iterable[Item], kept: Iterable[Item]
) -> tuple[str, ...]:
    """Return the scopes that are granted: those of the pieces that are ``kept``, and such as need no asking and tell nothing as yet.

    What people must be asked about and nobody could be, since nothing is known, is not granted for later.
    """
    shown, told = ({item.scope for item in some} for some in (items, kept))

    def unasked(scope: str) -> bool:
        rule = claims.consent_rule(deps.policies.claims, client.department, scope)
        return scope not in shown and _stricter(client, rule) == "never"

    return tuple(scope for scope in scopes if scope in told or unasked(scope))


def granted_names(names: ClaimNames, kept: Sequence[Item]) -> ClaimNames:
    """Return the claims asked for by name that belong to the pieces that are ``kept``."""
    told = frozenset(name for item in kept if item.scope != MEMBER for name in item.values)
    id_token, userinfo = (tuple(name for name in asked if name in told) for asked in (names.id_token, names.userinfo))
    if any(item.scope == MEMBER for item in kept):
        return replace(names, id_token=id_token, userinfo=userinfo)
    return ClaimNames(id_token, userinfo)


def _stricter(client: Client, rule: ConsentRule) -> ConsentRule:
    asks = client.require_consent or not client.vetted  # nobody here has seen who is behind a system that registered itself
    return "once" if asks and rule == "never" else rule
