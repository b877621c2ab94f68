"""The shape of what holders may do with their licences, in licenses.toml. Left to others: the other tables (``models``), doing it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from policies.tables import Name, Names, Seconds, Table


class WalletRules(Table):
    """For how long a holder may show a licence, and how many such links of one holder may be open at the same time.

    A holder's consent to a department's fetching counts for ``consent_days``; after a no it may ask again after ``ask_again_days``.
    """

    share_seconds: Annotated[tuple[Seconds, ...], Field(min_length=1)]
    open_shares: Annotated[int, Field(ge=1, le=10_000)]
    consent_days: Annotated[int, Field(ge=1, le=1096)]
    ask_again_days: Annotated[int, Field(ge=1, le=366)]


class LegalBasis(Table):
    """Why a department may fetch licences of these types without asking their holders: the law's words."""

    department: Annotated[str, Field(pattern=r"^[0-9A-Z]{18}$")]
    types: Names
    zh: Name
    en: Name
