"""The security admins' console: what the node is, whom it trusts, what happened. It only reads so far.

Left to others: every fact (the rooms below), login (``idp``), what a role may do (``policies``), looks (``service/templates``).
"""
