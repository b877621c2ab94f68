"""Nodes, agreements, cross-certificates, path discovery and validation: why one node believes what another signed.

Left to others: keys and certificates of this node (``pki``), what is done with a verdict (``licenses``, ``idp``).
"""
