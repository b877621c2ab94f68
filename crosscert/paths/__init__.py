"""Path discovery and validation, pure: certificates, revocation lists and a moment in, a verdict with its reason out.

Left to others: where certificates and lists come from (``crosscert.trust``, the command line), what a verdict is used for.
"""
