"""The shape of what holders may do with their licences, in licenses.toml. Left to others: the other tables (``models``), doing it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from policies.tables import Seconds, Table


class WalletRules(Table):
    """For how long a holder may show a licence, and how many such links of one holder may be open at the same time."""

    share_seconds: Annotated[tuple[Seconds, ...], Field(min_length=1)]
    open_shares: Annotated[int, Field(ge=1, le=10_000)]
