"""Keys, certification authorities, certificate profiles, CRL, OCSP, time-stamps, document seals, signed tokens.

Left to others: which certificates one node gives another and whom it trusts (``crosscert``), what a seal is put on
(``licenses``), what a token says (``idp``).
"""
