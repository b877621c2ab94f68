"""Keys, certification authorities, certificate profiles, CRL, OCSP, time-stamps, document seals, signed tokens.

Left to others: which certificates one node gives another and whom it trusts (``crosscert``), what a seal is put on
(``licenses``), what a token says (``idp``).
"""

import asn1crypto.tsp  # noqa: F401 - adds its content types to asn1crypto.cms, which notices only until one is first looked up
