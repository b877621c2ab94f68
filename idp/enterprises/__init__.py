"""Organisations and who may act for them: the representative, the agents (经办人), signed mandates (授权)."""
