"""Certification authorities of throw-away nodes, and the openssl program as a judge that is not ours."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.sign.validation import EmbeddedPdfSignature, PdfSignatureStatus, validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from kernel.clock import Clock, timestamp
from kernel.errors import Misuse
from kernel.nodes import Level, Node
from kernel.randomness import random_bytes
from pki import authority, storage
from pki.errors import KEY_EXISTS, KEY_MISSING
from pki.keyfiles import FileKeyStore, generate
from pki.ports import KeyPlace, PkiDeps, PkiRecords
from pki.records import CertificateRecord, Department, PrivateKey
from policies.models import KeyAlgorithm
from service import audit
from service.unit_of_work import SqlUnitOfWork
from tests.support.databases import create_all
from tests.support.policies import packaged
from tests.support.programs import need

_CITY = (("C", "CN"), ("ST", "广东省"), ("L", "潮州市"))


def make_node(code: str, name: str, level: Level, *county: str) -> Node:
    return Node(code, name, level, f"http://localhost:8{code[-3:]}", (*_CITY, *(("O", one) for one in county)))


CITY = make_node("445100", "潮州市", "city")
COUNTY = make_node("445122", "饶平县", "county", "饶平县")
OTHER_COUNTY = make_node("445103", "潮安区", "county", "潮安区")
DEPARTMENT = Department("114451220071234567", "饶平县市场监督管理局", "445122", COUNTY.names)


_POLICIES = packaged().certificates


def make_deps(engine: sa.Engine, folder: Path, clock: Clock, node: Node = COUNTY) -> PkiDeps:
    """A node's CA on a database and a folder for its keys; nothing is set up yet."""
    create_all(engine, audit.metadata, storage.metadata)
    work: SqlUnitOfWork[PkiRecords] = SqlUnitOfWork(engine, storage.SqlPkiRecords)
    return PkiDeps(node, _POLICIES, FileKeyStore(folder / "keys", b"a passphrase"), clock, work)


def with_partitions_of(size: int, deps: PkiDeps) -> PkiDeps:
    """The same CA, whose partitions take this many certificates each."""
    rules = deps.policies.revocation.model_copy(update={"partition_size": size})
    return replace(deps, policies=deps.policies.model_copy(update={"revocation": rules}), kept={})


@dataclass
class MemoryKeys:
    """A key store that costs nothing to open, for tests in which the store is not the subject."""

    keys: dict[str, PrivateKey] = field(default_factory=dict)
    secrets: dict[str, bytes] = field(default_factory=dict)

    def create(self, label: str, algorithm: KeyAlgorithm) -> PrivateKey:
        if label in self.keys:
            raise Misuse(KEY_EXISTS, label=label)
        self.keys[label] = generate(algorithm)
        return self.keys[label]

    def get(self, label: str) -> PrivateKey:
        key = self.keys.get(label)
        if key is None:
            raise Misuse(KEY_MISSING, label=label)
        return key

    @property
    def place(self) -> KeyPlace:
        return "files"

    def find(self, label: str) -> PrivateKey | None:
        return self.keys.get(label)

    def labels(self) -> Sequence[str]:
        return sorted(self.keys)

    def secret(self, label: str, length: int = 32) -> bytes:
        return self.secrets.setdefault(label, random_bytes(length))

    def has_secret(self, label: str) -> bool:
        return label in self.secrets


def judged_by_pyhanko(signature: EmbeddedPdfSignature, context: ValidationContext) -> PdfSignatureStatus:
    """What pyHanko thinks of a signature. In a thread of its own: it starts an event loop, and the browser's may be running here."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(validate_pdf_signature, signature, context).result()


def certificate(record: CertificateRecord) -> x509.Certificate:
    return x509.load_der_x509_certificate(record.der)


def pem(*certificates: x509.Certificate | CertificateRecord) -> bytes:
    parsed = (one if isinstance(one, x509.Certificate) else certificate(one) for one in certificates)
    return b"".join(one.public_bytes(Encoding.PEM) for one in parsed)


@dataclass
class OpenSsl:
    """Runs openssl in a folder of its own."""

    folder: Path

    def file(self, name: str, content: bytes) -> str:
        (self.folder / name).write_bytes(content)
        return str(self.folder / name)

    def run(self, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        command = [need("openssl", "openssl"), *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, cwd=self.folder, check=False)

    def verify(self, leaf: bytes, anchor: bytes, between: bytes, at: datetime, *more: str) -> subprocess.CompletedProcess[bytes]:
        """Validate a path in the strictest mode that openssl has."""
        files = self.file("anchor.pem", anchor), self.file("between.pem", between), self.file("leaf.pem", leaf)
        options = ("-x509_strict", "-policy_check", "-attime", str(timestamp(at)), *more)
        return self.run("verify", *options, "-CAfile", files[0], "-untrusted", files[1], files[2])


def chain_of(deps: PkiDeps) -> tuple[bytes, bytes]:
    """The node's anchor and its issuing CA, in PEM."""
    return pem(authority.get_principal(deps)), pem(authority.get_issuing(deps))
