"""The tables of roles.toml: roles with their permissions, what takes two admins, what one may read a person's data for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from policies.tables import Name, Names, Seconds, Table

AccountKind = Literal["citizen", "enterprise", "staff", "security_admin"]
Act = Literal[
    "give_role",
    "take_role",
    "disable_admin",
    "disable_account",
    "enable_account",
    "close_account",
    "open_account",
    "reset_password",
    "reset_factor",
]


class Role(Table):
    """An administrator's role: the permissions it grants, each ``room.verb``, and the kinds of accounts that may have it.

    Where it is ``confined``, they reach no further than the department of whoever has it.
    """

    zh: Name
    en: Name
    kinds: Annotated[tuple[AccountKind, ...], Field(min_length=1)]
    confined: bool = False
    permissions: Names


class TwoAdminRules(Table):
    """What one admin asks for and another one approves, within ``valid_seconds``. ``disable_admin`` is about accounts with a role."""

    acts: Annotated[tuple[Act, ...], Field(min_length=1)]
    valid_seconds: Seconds


class Purpose(Table):
    """What an official may look at somebody's data for, in words that this person is shown."""

    zh: Name
    en: Name


class RolePolicies(Table):
    """roles.toml."""

    two_admins: TwoAdminRules
    purposes: Annotated[dict[str, Purpose], Field(min_length=1)]
    roles: Annotated[dict[str, Role], Field(min_length=1)]
