"""What a key on a token costs: signatures through the node's own key objects against the bare library on the same token."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pkcs11
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from benchmarks.figures import Figure, cpu_milliseconds
from pki.pkcs11_store import TokenKeyStore
from tests.support.tokens import SoftHsm

_DATA = bytes(1000)


def measure() -> Iterator[Figure]:
    """Make a token of SoftHSM2 in a temporary folder and sign on it."""
    with tempfile.TemporaryDirectory(prefix="chaoxin-bench-") as folder:
        softhsm = SoftHsm(Path(folder))
        softhsm.configure(os.environ.__setitem__)
        label = softhsm.make()
        store = TokenKeyStore(softhsm.open(label), Path(folder) / "keys")
        for algorithm in ("P-256", "P-384"):
            key = store.create(algorithm, algorithm)
            assert isinstance(key, ec.EllipticCurvePrivateKey)
            (bare,) = softhsm.session(label).get_objects(
                {pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY, pkcs11.Attribute.LABEL: algorithm}
            )
            ours = 1000 / cpu_milliseconds(lambda key=key: key.sign(_DATA, ec.ECDSA(hashes.SHA256())))  # type: ignore[misc]
            theirs = 1000 / cpu_milliseconds(
                lambda bare=bare: bare.sign(hashlib.sha256(_DATA).digest(), mechanism=pkcs11.Mechanism.ECDSA)  # type: ignore[misc]
            )
            yield Figure(f"{algorithm} on SoftHSM2", ours, "signatures/s", "python-pkcs11 alone", theirs, "higher")
