"""What people are told about their own account, how it reaches them, and what they can answer: that was not me."""

from __future__ import annotations

from idp.notices.telling import Told, count_new, open_messages, tell, told

__all__ = ["Told", "count_new", "open_messages", "tell", "told"]
