"""The shape of claims.toml: what may be told to whom, and when the person is asked.

Left to others: the other documents (``models``), deciding (``claims``), contradictions (``consistency``).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field

from policies.tables import Name, Names, Table

Uscc = Annotated[str, Field(pattern=r"^[0-9A-Z]{18}$")]
ConsentRule = Literal["never", "once", "always"]
Continued = Literal["first_time", "each_session", "never"]


class Scope(Table):
    """What a scope asks for, the sentence the citizen reads, and how often they are asked whether they agree."""

    claims: tuple[Name, ...] = ()
    consent: ConsentRule
    zh: Name
    en: Name


class Release(Table):
    """What one department may learn: scopes it may ask for and, within them, the claims it gets, ``verified`` those with evidence.

    ``optional``: scopes that the person may leave out. ``continued``: when a session that goes on there first shows what will be told.
    ``consent`` replaces the rules of scopes. ``resources`` says at whose interfaces (by credit code) it may use which scopes; its own
    need no entry.
    """

    scopes: Names
    claims: Names
    verified: tuple[Name, ...] = ()
    optional: tuple[Name, ...] = ()
    continued: Continued
    consent: Annotated[dict[Name, ConsentRule], Field(default_factory=dict)]
    resources: Annotated[dict[Uscc, Names], Field(default_factory=dict)]


class ClaimPolicies(Table):
    """claims.toml. ``departments`` is keyed by unified social credit code; one that is not listed gets ``default``."""

    verified_consent: ConsentRule
    scopes: Annotated[dict[str, Scope], Field(min_length=1)]
    default: Release
    departments: dict[Uscc, Release]

    @cached_property
    def given(self) -> Mapping[str | None, Mapping[str, frozenset[str]]]:
        """By department (None: the default) the scopes that it may ask for, and the claims that each of them gives it."""
        return {uscc: self._given_by(release) for uscc, release in ((None, self.default), *self.departments.items())}

    def _given_by(self, release: Release) -> Mapping[str, frozenset[str]]:
        known = {name: scope for name, scope in self.scopes.items() if name in release.scopes}
        return {name: frozenset(scope.claims).intersection(release.claims) for name, scope in known.items()}
