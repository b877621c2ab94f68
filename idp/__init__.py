"""Who is there and how departments are told: accounts, authenticators, sessions, and the OpenID Provider.

*Who logged in* (sessions) is kept apart from *how it is told* (OpenID Connect), so that other protocols can stand beside it.

Left to others: what is allowed (``policies``), keys and signed tokens (``pki``), licences (``licenses``, through a port).
"""
