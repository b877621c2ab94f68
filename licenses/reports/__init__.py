"""What one takes away from a verification: a signed report, and all of its evidence for whoever would rather ask ``openssl``.

``collected``: a verdict together with what it was made of. ``statement``: the report as a signed token. ``evidence``: the zip.
"""
