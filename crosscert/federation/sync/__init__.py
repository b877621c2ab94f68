"""Fetches what the peers publish, verifies it as it comes in and keeps it for when they are away.

``runs`` asks everybody who is due, at the same time; ``visits`` fetches from one peer; ``members`` takes up the nodes that a bridge tells of;
``objects`` are the signed statements beside certificates and lists.
"""

from crosscert.federation.sync.objects import LOG_KEY_TYPE, STATUS_LIST_TYPE
from crosscert.federation.sync.runs import SyncOutcome, sync_all, sync_peer

__all__ = ["LOG_KEY_TYPE", "STATUS_LIST_TYPE", "SyncOutcome", "sync_all", "sync_peer"]
