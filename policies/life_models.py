"""The shape of what may be done to licences: the acts that licenses.toml names, with their reasons and how many officers each takes.

Left to others: which act may follow which (``licenses.life.transitions``), deciding (``policies.licenses``).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from policies.tables import Name, Table

ActName = Literal[
    "issue", "suspend", "restore", "annotate", "renew", "replace", "correct", "revoke", "withdraw", "cancel", "transfer"
]
"""签发, 暂扣, 恢复, 加注, 延续, 补发, 变更, 撤销, 吊销, 注销, 转出."""


class Reason(Table):
    """A reason that an officer may give: its code in records and at interfaces, and its words."""

    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
    zh: Name
    en: Name


class ActRules(Table):
    """An act that is done here: how many different officers it takes, and the reasons from which they choose."""

    officers: Annotated[int, Field(ge=1, le=2)]
    reasons: Annotated[tuple[Reason, ...], Field(min_length=1)]
