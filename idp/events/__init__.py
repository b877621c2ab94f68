"""Account events between this node and departments: security event tokens (RFC 8417), pushed (RFC 8935)."""
