"""Enrolment over secure transport (EST, RFC 7030).

Left to others: every decision (``pki.enrolment``, ``pki.requests``).
"""
