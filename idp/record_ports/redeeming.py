"""Codes and refresh tokens that are used at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from idp.records import Client, Grant, Heir
from kernel.audit import Condition


class RedeemingRecords(Protocol):
    """Uses up what gives tokens, if it is found that nothing speaks against it: not the client, which has to stand as it is given; nor the grant.

    That has to be a usual one: for our own endpoints, by no mandate, what hangs on it bound to no key. Each method returns what names the
    grant for an event, if it was so; and what tells the grant, if there is one, used or not, when the transaction has ended.
    """

    def use_refresh_token(
        self, token_hash: bytes, client: Client, heir: Heir, *, asked: bytes
    ) -> tuple[Condition, Callable[[], Grant | None]]:
        """Mark a refresh token as used, by whoever ``asked`` for this, and store its heir."""
        ...

    def use_code(
        self, code_hash: bytes, client: Client, heir: Heir | None, *, redirect_uri: str, code_challenge: str, at: datetime
    ) -> tuple[Condition, Callable[[], tuple[Grant, str | None] | None]]:
        """Mark a code as used that was asked for with these, and store its heir, if it is to have one; with the grant comes the request's ``nonce``."""
        ...
