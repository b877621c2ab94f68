"""Proof that the house stands: unit (no sockets), functional (real servers), conformance (others' suites)."""
