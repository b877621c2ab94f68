"""The tables of assurance.toml: levels, passwords, codes, certificates, and how many tries there are."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from policies.tables import Name, Names, Seconds, Table


class AssuranceLevel(Table):
    """An ``acr`` value: which combinations of ``amr`` reach it and how long a session at it lives."""

    acr: Name
    rank: Annotated[int, Field(ge=1, le=9)]
    zh: Name
    en: Name
    combinations: Annotated[tuple[Names, ...], Field(min_length=1)]
    idle_seconds: Seconds
    absolute_seconds: Seconds


class RealNameLevel(Table):
    """A real-name level of Guangdong's unified identity platform, 2 to 5, and the methods of proofing that reach it."""

    number: Annotated[int, Field(ge=2, le=5)]
    zh: Name
    en: Name
    methods: Names


class Proofing(Table):
    """How it was found out who somebody is, in the words of OpenID Identity Assurance: a type of ``evidence`` (None: their own word).

    ``kind``: which document, record or signature; ``check_methods``: what was done with it; ``claims``: what it proves.
    """

    evidence: Literal["document", "electronic_record", "electronic_signature"] | None = None
    kind: Name | None = None
    check_methods: tuple[Name, ...] = ()
    claims: tuple[Name, ...] = ()
    zh: Name
    en: Name


class PasswordRules(Table):
    """SP 800-63B-4 3.1.1.2: lengths only, no composition rules, a blocklist: the frequent ones, and ``blocked``, names of place and service."""

    min_length: Annotated[int, Field(ge=8)]
    min_length_alone: Annotated[int, Field(ge=15)]
    max_length: Annotated[int, Field(ge=64, le=1024)]
    blocked: Names


class ThrottleRules(Table):
    """How many failed tries one account and one address may have within the window, over all channels together.

    ``halls`` are the networks of service halls, where hundreds share an address, which may have ``hall_failures``. ``kiosk_codes`` is how many
    codes that stand for a kiosk one address may be given.
    """

    account_failures: Annotated[int, Field(ge=1, le=100)]
    address_failures: Annotated[int, Field(ge=1, le=10000)]
    halls: tuple[Name, ...] = ()
    hall_failures: Annotated[int, Field(ge=1, le=10000)]
    kiosk_codes: Annotated[int, Field(ge=1, le=10000)]
    window_seconds: Seconds


class FloodRules(Table):
    """How many requests a network address may make in a minute, by the kind of page. A whole office may stand behind one address."""

    login: Annotated[int, Field(ge=10, le=100_000)]
    registration: Annotated[int, Field(ge=10, le=100_000)]
    verify: Annotated[int, Field(ge=10, le=100_000)]
    api: Annotated[int, Field(ge=10, le=1_000_000)]


class PersonCertificates(Table):
    """Certificates that log people in: at least of this level (certificates.toml), other nodes' too or not, and the ``amr`` they count as."""

    level: Name
    other_nodes: bool
    amr: Names


class SentCodeRules(Table):
    """Codes by SMS and e-mail: how long one lasts, how many are sent for an account, to a destination, from an address in a window.

    ``login``: over which channels one may follow a password, the better one first.
    """

    seconds: Annotated[int, Field(ge=60, le=600)]
    account_sends: Annotated[int, Field(ge=1, le=100)]
    destination_sends: Annotated[int, Field(ge=1, le=100)]
    address_sends: Annotated[int, Field(ge=1, le=10000)]
    window_seconds: Seconds
    login: tuple[Literal["phone", "email"], ...] = ()


class RecoveryRules(Table):
    """Recovering accounts: of which kinds, never an admin's; how long it waits while everybody is told, and is then open to be completed."""

    kinds: Annotated[tuple[Literal["citizen", "enterprise"], ...], Field(min_length=1)]
    wait_seconds: Annotated[int, Field(ge=3600, le=30 * 86400)]
    open_seconds: Annotated[int, Field(ge=3600, le=30 * 86400)]


class OrganizationRules(Table):
    """Organisations in the hands of their legal representatives: the real-name levels of these and of agents, and times.

    ``powers`` are the scopes that a mandate can give, ``longest_days`` is how long a mandate may be, ``offer_days`` how long one can be accepted, ``checked_hours`` after how many hours the
    register is asked again who represents them.
    """

    representative_level: Annotated[int, Field(ge=2, le=5)]
    agent_level: Annotated[int, Field(ge=2, le=5)]
    powers: Names
    longest_days: Annotated[int, Field(ge=1, le=3660)]
    offer_days: Annotated[int, Field(ge=1, le=90)]
    checked_hours: Annotated[int, Field(ge=1, le=720)]


class DirectoryRules(Table):
    """What departments' directories may say of staff: the roles that their groups may give, never ``security_admin``.

    A synchronisation stops when more people vanished than ``vanished_always`` and ``vanished_percent`` of all.
    """

    roles: Names
    vanished_percent: Annotated[int, Field(ge=0, le=100)]
    vanished_always: Annotated[int, Field(ge=0, le=1000)]
