"""The licence library: types, numbering, documents, issue, status, transparency log, verification.

Left to others: who is logged in (``idp``, through a port), keys and seals (``pki``), paths between nodes (``crosscert``).
"""
